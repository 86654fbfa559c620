#!/usr/bin/env bash
# Compiles every hashed lock file from pyproject.toml and the .in files. Needs uv. Pins stay as they are where they can;
# arguments go to uv: `scripts/lock.sh --upgrade-package rich`.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header "$@"; }

# One resolution of everything, which all lock files are constrained to.
all=$(mktemp --suffix=.lock)
trap 'rm -f "$all"' EXIT
cat requirements/*.lock >"$all"
compile --all-extras --group dev "$@" pyproject.toml -o "$all"

compile -c "$all" pyproject.toml -o requirements/core.lock
# A part holds what it adds to the core. What the core has for some machines only (after a `;`) may appear in both.
mapfile -t core < <(sed -nE 's/^([a-z0-9._-]+)==[^;]*$/--no-emit-package=\1/p' requirements/core.lock)
for extra in apps browser charts docker locust servers; do
    compile -c "$all" "${core[@]}" --extra "$extra" pyproject.toml -o "requirements/$extra.lock"
done
compile -c "$all" "${core[@]}" --group dev -o requirements/dev.lock
compile requirements/installer.in -o requirements/installer.lock

# What the images hold is what the lab was locked with.
for folder in servers nginx loadtest loadtest/browser; do
    compile -c "$all" "$folder/requirements.in" -o "$folder/requirements.lock"
done
compile --no-deps servers/requirements-optional.in -o servers/requirements-optional.lock
