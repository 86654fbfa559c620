"""A folder to start things in, whose modules have the names of those that servers and workers import."""

from __future__ import annotations

from pathlib import Path

_MODULES = ("selectors", "secrets", "hdrh", "pycurl", "h11", "asyncio", "logging")


def somebodys_folder(parent: Path) -> Path:
    """Make the folder; whatever imports one of its modules ends."""
    folder = parent / "somebody's"
    folder.mkdir()
    for name in _MODULES:
        (folder / f"{name}.py").write_text(f"raise SystemExit('the {name}.py of the current folder was imported')\n")
    return folder
