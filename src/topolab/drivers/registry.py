"""Finds drivers: every folder of this package that has a descriptor, and those in a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from topolab.drivers.descriptor import Descriptor
from topolab.errors import InputError

DESCRIPTOR_FILE = "descriptor.py"
WORKER_FILE = "__main__.py"
Drivers = Mapping[str, Descriptor]
"""Descriptors by driver name."""


@cache
def drivers() -> Drivers:
    """The drivers of this package. Importing a descriptor does not import its load tool."""
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob(f"*/{DESCRIPTOR_FILE}"))
    found = [import_module(f"{__package__}.{folder}.descriptor").DRIVER for folder in folders]
    return {driver.name: driver for driver in found}


def read_descriptor(path: Path, shown_as: str) -> Descriptor:
    """Import the descriptor in a file outside this package. Raises `InputError` if it cannot be used."""
    if not (path.parent / WORKER_FILE).is_file():
        raise InputError(f"{shown_as}: the driver has no worker; expected a {WORKER_FILE} in the same folder")
    spec = spec_from_file_location(f"topolab_driver_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"{shown_as}: cannot be imported")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # it is foreign code, which may raise anything, or exit
        raise InputError(f"{shown_as}: cannot be imported: {type(error).__name__}: {error}") from error
    found = getattr(module, "DRIVER", None)
    if not isinstance(found, Descriptor):
        raise InputError(f"{shown_as}: DRIVER: must be a Descriptor from topolab.drivers.descriptor")
    return replace(found, folder=path.parent)


def missing_tools(known: Drivers) -> dict[str, str]:
    """Why drivers cannot be used on this machine, and what to install, by the drivers' names."""
    return {name: reason for name, driver in known.items() if (reason := driver.missing())}


def version_commands(known: Drivers, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The commands that print tools' versions in an image, for those of `names` that have a tool."""
    return {str(name): known[name].image_version for name in sorted(set(names)) if known[name].image_version}


def tool_versions(known: Drivers, names: Iterable[str]) -> dict[str, str | None]:
    """The versions that these drivers' tools print on this machine; None where that fails."""
    return {name: known[name].version() for name in version_commands(known, names)}
