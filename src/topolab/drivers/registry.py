"""The drivers there are: every folder of this package with a descriptor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from topolab.drivers.descriptor import Descriptor


@cache
def drivers() -> Mapping[str, Descriptor]:
    """Every driver by name. Importing a descriptor imports no load tool."""
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob("*/descriptor.py"))
    found = [import_module(f"topolab.drivers.{folder}.descriptor").DRIVER for folder in folders]
    return {driver.name: driver for driver in found}


def missing_tools() -> dict[str, str]:
    """The drivers that cannot be used on this machine, by name, with the reason and what to install."""
    return {name: reason for name, driver in drivers().items() if (reason := driver.missing())}


def version_commands(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The command that prints each tool's version in an image, for those of `names` that have a tool."""
    known = drivers()
    return {str(name): known[name].image_version for name in sorted(set(names)) if known[name].image_version}


def tool_versions(names: Iterable[str]) -> dict[str, str | None]:
    """What the tools of these drivers on this machine print as their version, None where that fails."""
    return {name: drivers()[name].version() for name in version_commands(names)}
