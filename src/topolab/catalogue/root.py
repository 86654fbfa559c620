"""Finds the catalogue's folders: next to the package in a checkout, inside it when installed."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "TOPOLAB_CATALOGUE"
FOLDERS = ("servers", "apps", "nginx", "loadtest")
NEEDED = (*FOLDERS, "nginx/topologies", "loadtest/profiles", "loadtest/matrices")


def default_root() -> Path:
    """The folder that holds `servers/`, `apps/`, `nginx/` and `loadtest/`; `TOPOLAB_CATALOGUE` may name another."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).resolve() if chosen else own_root()


def own_root() -> Path:
    """The folder with topolab's own catalogue."""
    package = Path(__file__).resolve().parents[1]
    bundled = package / "_catalogue"
    return bundled if bundled.is_dir() else package.parents[1]
