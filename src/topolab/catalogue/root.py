"""Where the catalogue's folders are: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

import os
from pathlib import Path

from topolab.launch.proxies import PROXY_FILE, proxy_folders

VARIABLE = "TOPOLAB_CATALOGUE"
FOLDERS = ("servers", "apps", "loadtest")
"""The folders that every catalogue has, next to those of its proxies."""
_NEEDED = (*FOLDERS, "loadtest/profiles", "loadtest/matrices")


def default_root() -> Path:
    """The folder that holds `servers/`, `apps/`, `loadtest/` and proxies; `TOPOLAB_CATALOGUE` may name another."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).resolve() if chosen else own_root()


def own_root() -> Path:
    """The folder of the lab's own."""
    package = Path(__file__).resolve().parents[1]
    bundled = package / "_catalogue"
    return bundled if bundled.is_dir() else package.parents[1]


def lacking(root: Path) -> str:
    """What a catalogue needs and `root` does not have; empty where it has everything."""
    for folder in _NEEDED:
        if not (root / folder).is_dir():
            return f"{folder}/ folder"
    if not any((root / proxy / "topologies").is_dir() for proxy in proxy_folders(root)):
        return f"folder with a {PROXY_FILE} and topologies/"
    return ""
