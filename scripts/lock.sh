#!/usr/bin/env bash
# Compiles every hashed lock file from pyproject.toml and the .in files. Needs uv. Keeps existing pins where possible;
# arguments go to uv, for example `scripts/lock.sh --upgrade-package rich`.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header "$@"; }

# One resolution of everything; it constrains all lock files.
all=$(mktemp --suffix=.lock)
trap 'rm -f "$all"' EXIT
cat requirements/*.lock >"$all"
compile --all-extras --group dev "$@" pyproject.toml -o "$all"

compile -c "$all" pyproject.toml -o requirements/core.lock
# A part's lock holds what the part adds to the core. What the core has only for some machines (after a `;`) may be in both.
mapfile -t core < <(sed -nE 's/^([a-z0-9._-]+)==[^;]*$/--no-emit-package=\1/p' requirements/core.lock)
for extra in apps browser charts docker locust servers; do
    compile -c "$all" "${core[@]}" --extra "$extra" pyproject.toml -o "requirements/$extra.lock"
done
compile -c "$all" "${core[@]}" --group dev -o requirements/dev.lock
compile requirements/installer.in -o requirements/installer.lock

# The images get the versions that topolab is locked to. A proxy's folder is found by its requirements.in.
for input in */requirements.in loadtest/*/requirements.in; do
    compile -c "$all" "$input" -o "${input%.in}.lock"
done
compile --no-deps servers/requirements-optional.in -o servers/requirements-optional.lock
