#!/usr/bin/env python3
"""Runs every check of the project: lint, format, types, layers, then the tests. Arguments go to pytest.

`--fast` selects the tests that start no server; they need no engine or browser and take under a minute.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # -P, -I and PYTHONSAFEPATH leave it out

from bootstrap import EVERYTHING, ROOT, ensure_environment

CHECKS = {
    "lint": ["-m", "ruff", "check", "--quiet", "--output-format=concise", "."],
    "format": ["-m", "ruff", "format", "--quiet", "--check", "."],
    "types": ["-m", "mypy"],
    "layers": ["-c", "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"],
}

SIDE_BY_SIDE = ["--numprocesses=auto", "--maxprocesses=2", "--dist=loadscope", "--no-loadscope-reorder"]
"""Two processes: one for tests that must not overlap, one for the others; tests/conftest.py divides and orders them."""

FAST = [f"tests/{name}" for name in ("catalogue", "launch", "model", "plan", "report", "stats", "store")]
FAST += ["tests/test_distributions.py", "tests/test_errors.py", "tests/test_layering.py"]


def main(pytest_args: list[str]) -> int:
    """Run the checks in order; return 0 if all pass."""
    failed = [name for name, argv in CHECKS.items() if _failed(name, argv)]
    chosen = [word for argument in pytest_args for word in (FAST if argument == "--fast" else [argument])]
    if _failed("tests", ["-m", "pytest", *SIDE_BY_SIDE, *chosen]):
        failed.append("tests")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _failed(name: str, argv: list[str]) -> bool:
    print(f"== {name}", flush=True)
    # Tests start many hundreds of Python processes. Without bytecode, each would compile all that it imports.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run([sys.executable, *argv], cwd=ROOT, env=environment, check=False).returncode != 0


if __name__ == "__main__":
    ensure_environment(EVERYTHING)
    sys.exit(main(sys.argv[1:]))
