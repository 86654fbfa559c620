"""The drivers there are: every folder of this package with a descriptor, and those of a catalogue."""

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
"""By name."""


@cache
def drivers() -> Drivers:
    """Every driver of this package. Importing a descriptor imports no load tool."""
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob(f"*/{DESCRIPTOR_FILE}"))
    found = [import_module(f"{__package__}.{folder}.descriptor").DRIVER for folder in folders]
    return {driver.name: driver for driver in found}


def read_descriptor(path: Path, shown_as: str) -> Descriptor:
    """The descriptor that a file outside this package has. Raises `InputError` for one that cannot be used."""
    if not (path.parent / WORKER_FILE).is_file():
        raise InputError(f"{shown_as}: there is no {WORKER_FILE} beside it, which is a driver's worker")
    spec = spec_from_file_location(f"topolab_driver_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"{shown_as}: cannot be imported")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # it is somebody else's code
        raise InputError(f"{shown_as}: cannot be imported: {type(error).__name__}: {error}") from error
    found = getattr(module, "DRIVER", None)
    if not isinstance(found, Descriptor):
        raise InputError(f"{shown_as}: DRIVER: has to be a Descriptor of topolab.drivers.descriptor")
    return replace(found, folder=path.parent)


def missing_tools(known: Drivers) -> dict[str, str]:
    """The drivers that cannot be used on this machine, by name, with the reason and what to install."""
    return {name: reason for name, driver in known.items() if (reason := driver.missing())}


def version_commands(known: Drivers, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The command that prints each tool's version in an image, for those of `names` that have a tool."""
    return {str(name): known[name].image_version for name in sorted(set(names)) if known[name].image_version}


def tool_versions(known: Drivers, names: Iterable[str]) -> dict[str, str | None]:
    """What the tools of these drivers on this machine print as their version, None where that fails."""
    return {name: known[name].version() for name in version_commands(known, names)}
