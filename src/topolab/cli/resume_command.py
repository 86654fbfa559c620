"""Builds the command that continues a run, for pasting into a shell."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path


def resume_command(folder: Path, context: str | None) -> str:
    """Continue the run in `folder` with the program that is running now. It works in the same working directory."""
    shown = str(folder)
    words = [*_program(sys.argv[0]), "--resume", f"./{shown}" if shown.startswith("-") else shown]
    return shlex.join([*words, *([f"--context={context}"] if context else [])])


def _program(called_as: str) -> list[str]:
    """The words that start this program: a script by Python, an installed command by its name if PATH finds it."""
    if called_as.endswith(".py"):
        return ["python3", called_as]
    name = Path(called_as).name
    found = shutil.which(name)
    if found and Path(called_as).exists() and Path(found).samefile(called_as):
        return [name]
    return [called_as] if os.sep in called_as else ["topolab"]
