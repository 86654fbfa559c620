"""Refuses file names in TOML files that lead out of the folder they belong in."""

from __future__ import annotations

import posixpath
from pathlib import Path

from topolab.catalogue.reading import refuse, shortened

_LONGEST_NAME_BYTES = 255


def check_file(root: Path, shown_as: str, key: str, folder_name: str, name: str) -> None:
    """Require an existing file below a proxy's folder."""
    # Also by its text: a name that leaves the folder and returns leads elsewhere from the prefix.
    check_inside(shown_as, key, f"{folder_name}/", name)
    folder = (root / folder_name).resolve()
    try:
        file = (folder / name).resolve()
        exists = file.is_file()
    except (OSError, ValueError):  # a loop of links, for example
        refuse(shown_as, key, "is not a possible file name")
    if folder not in file.parents:
        refuse(shown_as, key, f"must stay inside {folder_name}/, not {name!r}")
    if not exists:
        refuse(shown_as, key, f"no such file in {folder_name}/: {name!r}")


def check_inside(shown_as: str, key: str, place: str, name: str) -> None:
    """Require a relative name of a file below `place`, which need not exist."""
    path = posixpath.normpath(name)
    if path.startswith("/") or path in (".", "..") or path.startswith("../"):
        refuse(shown_as, key, f"must stay inside {place}, not {shortened(name)}")
    if any(len(part.encode()) > _LONGEST_NAME_BYTES for part in path.split("/")):
        refuse(shown_as, key, f"is not a possible file name: longer than {_LONGEST_NAME_BYTES} bytes")


def check_program(shown_as: str, key: str, program: str) -> None:
    """Require the name of a program on PATH, or an absolute path: stacks start in folders of their own."""
    if "/" in program and not program.startswith(("/", "{")):
        refuse(shown_as, key, f"must be a program on PATH or an absolute path, not {shortened(program)}")
