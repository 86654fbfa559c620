"""The program that a launch results in, and its environment."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from topolab.launch.tables import LaunchError

_INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER")


@dataclass(frozen=True)
class Place:
    """Where a program will run: its Python interpreter, and the folder with `servers/` and `apps/` there.

    `superuser` is the name of the user there, if that is the superuser.
    """

    python: str
    root: str
    superuser: str = ""


def place_here(root: Path) -> Place:
    """Return the place of this process."""
    superuser = pwd.getpwuid(0).pw_name if os.geteuid() == 0 else ""
    return Place(sys.executable, str(root), superuser)


@dataclass(frozen=True)
class Launch:
    """A program's argv and complete environment."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]


def inherited(outer: Mapping[str, str]) -> dict[str, str]:
    """Return only the variables that any program needs.

    Variables such as WEB_CONCURRENCY would change how some of the servers run.
    """
    return {key: value for key, value in outer.items() if key in _INHERITED}


def become(launch: Launch) -> NoReturn:
    """Replace this process with the program, looked up on PATH unless it is a path. Raises `LaunchError`."""
    program = launch.argv[0]
    try:
        os.execve(shutil.which(program) or program, list(launch.argv), dict(launch.environment))
    except OSError as error:
        raise LaunchError(f"{program}: cannot be run: {error.strerror}") from error
