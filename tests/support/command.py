"""The command line as users run it: `scripts/run_matrix.py` in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
