"""Finds drivers: every folder of this package that has a descriptor, and those in a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from topolab.drivers.descriptor import Descriptor
from topolab.drivers.foreign import DESCRIPTOR_FILE, asked, printing_to_stderr
from topolab.errors import InputError, described
from topolab.model.profile import LoadProfile

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
        with printing_to_stderr():
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # it is foreign code, which may raise anything, or exit
        raise InputError(f"{shown_as}: cannot be imported: {described(error)}") from error
    found = getattr(module, "DRIVER", None)
    if not isinstance(found, Descriptor):
        raise InputError(f"{shown_as}: DRIVER: must be a Descriptor from topolab.drivers.descriptor")
    return replace(found, folder=path.parent)


def missing_tools(known: Drivers) -> dict[str, str]:
    """Why drivers cannot be used on this machine, and what to install, by the drivers' names."""
    found = {name: asked(driver, "missing", partial(_missing, driver)) for name, driver in known.items()}
    return {name: reason for name, reason in found.items() if reason}


def _missing(driver: Descriptor) -> str:
    reason = driver.missing()
    if not isinstance(reason, str):
        raise TypeError(f"it must return a text, which is empty if nothing is missing, not {reason!r}")
    return reason


def unfit(driver: Descriptor, profile: LoadProfile) -> tuple[str, str] | None:
    """The key of a profile that the driver cannot use, and what it must be; None if it can use the profile."""

    def check() -> tuple[str, str] | None:
        found = driver.check(profile)
        if found is None:
            return None
        key, expected = found
        return key, expected

    return asked(driver, "check", check)


def longest_s(driver: Descriptor, profile: LoadProfile) -> float:
    """The seconds after which a worker with this load is given up."""
    return asked(driver, "longest_s", lambda: float(driver.longest_s(profile)))


def version_commands(known: Drivers, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The commands that print tools' versions in an image, for those of `names` that have a tool."""
    return {str(name): known[name].image_version for name in sorted(set(names)) if known[name].image_version}


def tool_versions(known: Drivers, names: Iterable[str]) -> dict[str, str | None]:
    """The versions that these drivers' tools print on this machine; None where that fails."""
    return {name: asked(known[name], "version", known[name].version) for name in version_commands(known, names)}
