#!/usr/bin/env bash
# Makes the hashed lock files anew from pyproject.toml and the .in files. Needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header "$@"; }
compile --extra dev pyproject.toml -o requirements.lock
compile --no-deps requirements-optional.in -o requirements-optional.lock
compile requirements-bootstrap.in -o requirements-bootstrap.lock
# What the images hold is what the lab was locked with.
for folder in servers nginx loadtest loadtest/browser; do
    compile -c requirements.lock "$folder/requirements.in" -o "$folder/requirements.lock"
done
