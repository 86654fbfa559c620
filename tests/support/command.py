"""The command line as users run it: `scripts/run_matrix.py` in its own process, or only its `main` in this one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

from topolab.cli import main
from topolab.process.neighbours import GROUP_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
NO_ENGINE = "unix:///nonexistent/docker.sock"
SCRIPT = [sys.executable, str(ROOT / "scripts" / "run_matrix.py")]


def environment(**extra: str) -> dict[str, str]:
    """The inherited environment without variables that change the output, with the test's own added.

    No engine answers at its DOCKER_HOST, so tests run on the local backend unless they ask for Docker. Runs that are
    started with it notice each other, but not those of other tests or users.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TOPOLAB_") and k not in ("COLUMNS", "FORCE_COLOR")}
    return {**kept, GROUP_VARIABLE: os.environ[GROUP_VARIABLE], "DOCKER_HOST": NO_ENGINE, **extra}


def engine_of_this_machine() -> dict[str, str]:
    """Variables that lead docker commands to the machine's engine, for tests that ask for it."""
    return {"DOCKER_HOST": os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")}


def run_matrix(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [*SCRIPT, *arguments], env=environment(**extra), capture_output=True, text=True, timeout=300, check=False
    )


def plan_matrix(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a command that starts nothing in this process: the same result without an interpreter's start."""
    outer, argv, streams = dict(os.environ), sys.argv, (sys.stdout, sys.stderr)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    try:
        _replace_environment(environment(**extra))
        sys.argv, sys.stdout, sys.stderr = [*SCRIPT[1:], *arguments], out, err
        code = main(page=False)
    finally:
        _replace_environment(outer)
        sys.argv, (sys.stdout, sys.stderr) = argv, streams
    said, told = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
    return subprocess.CompletedProcess([*SCRIPT, *arguments], code, said, told)


def _replace_environment(variables: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)


def processes_naming(text: str) -> list[str]:
    """The command lines of running processes that hold `text`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if text in line and int(entry.name) != os.getpid():
            found.append(line)
    return found
