"""Finds the catalogue's folders: next to the package in a checkout, inside it when installed."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "TOPOLAB_CATALOGUE"
PROXY_FILE = "proxy.toml"
FOLDERS = ("servers", "apps", "loadtest")
"""The folders that every catalogue has, next to those of its proxies."""
_NEEDED = (*FOLDERS, "loadtest/profiles", "loadtest/matrices")


def default_root() -> Path:
    """The folder that holds `servers/`, `apps/`, `loadtest/` and proxies; `TOPOLAB_CATALOGUE` may name another."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).resolve() if chosen else own_root()


def own_root() -> Path:
    """The folder with topolab's own catalogue."""
    package = Path(__file__).resolve().parents[1]
    bundled = package / "_catalogue"
    return bundled if bundled.is_dir() else package.parents[1]


def lacking(root: Path) -> str:
    """What a catalogue needs but `root` lacks; empty if it lacks nothing."""
    for folder in _NEEDED:
        if not os.path.isdir(root / folder):  # noqa: PTH112 - False for names too long
            return f"{folder}/ folder"
    if not any((root / proxy / "topologies").is_dir() for proxy in proxy_folders(root)):
        return f"folder with a {PROXY_FILE} and topologies/"
    return ""


def proxy_folders(root: Path) -> list[str]:
    """Return the names of the folders with a proxy, ignoring hidden folders."""
    return sorted(path.parent.name for path in root.glob(f"[!.]*/{PROXY_FILE}"))
