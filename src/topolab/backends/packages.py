"""Finds the distributions and drivers that a plan uses, and which distributions are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from topolab.catalogue import Catalogue
from topolab.model.cell import Cell, Plan
from topolab.model.server import listener_name


def drivers_used(catalogue: Catalogue, cells: Iterable[Cell]) -> frozenset[str]:
    """The drivers of some cells, from their profiles in the catalogue."""
    profiles = {cell.combination.profile for cell in cells} & set(catalogue.profiles)
    return frozenset(catalogue.profiles[name].driver for name in profiles)


def in_no_image(catalogue: Catalogue) -> dict[str, str]:
    """The drivers that cannot make a load from a container, by name, with the reason: those of the catalogue's own."""
    return {
        name: f"{name} is a driver in the catalogue's drivers/, which no image has: use --backend local"
        for name, driver in catalogue.drivers.items()
        if driver.folder is not None
    }


def packages_used(catalogue: Catalogue, plan: Plan) -> set[str]:
    """The distributions of the plan's servers and apps."""
    found: set[str] = set()
    for cell in plan.cells:
        variant = catalogue.candidates[cell.combination.server].variant
        listener = variant.listeners.get(cell.listener)
        apps = catalogue.apps[cell.combination.app].packages
        found.update(variant.packages, listener.packages if listener else (), apps)
    return found


def missing_packages(catalogue: Catalogue, held: Callable[[str], bool]) -> dict[str, tuple[str, ...]]:
    """For each candidate, listener and app that lacks distributions, those not in `held`, by its name."""
    wanted = {candidate.name: candidate.variant.packages for candidate in catalogue.candidates.values()}
    for candidate in catalogue.candidates.values():
        for transport, listener in candidate.variant.listeners.items():
            wanted[listener_name(candidate.name, transport)] = listener.packages
    wanted |= {app.name: app.packages for app in catalogue.apps.values()}
    lacking = {name: tuple(p for p in packages if not held(p)) for name, packages in wanted.items()}
    return {name: packages for name, packages in lacking.items() if packages}
