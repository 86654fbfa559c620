"""A checkout like a fresh clone, and its scripts called like users call them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from support.command import ROOT, environment

BASE_PYTHON = sys._base_executable  # type: ignore[attr-defined]
FIRST = "topolab: setting up .venv (first run): core\n"
INCOMPLETE = "topolab: setting up .venv (incomplete): core\n"


def copied(folder: Path) -> Path:
    """A copy of the committed files, like a clone: no .venv."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def called(
    checkout: Path, *arguments: str, python: Sequence[str] = (BASE_PYTHON,), script: str = "run_matrix.py", **extra: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*python, f"scripts/{script}", *arguments],
        cwd=checkout,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def listing(checkout: Path, *python: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return called(checkout, "--list", python=python or (BASE_PYTHON,), **extra)
