"""The distributions and drivers that a plan uses, and which distributions are missing."""

from __future__ import annotations

from collections.abc import Callable

from topolab.catalogue import Catalogue
from topolab.model.cell import Plan
from topolab.model.driver import Driver


def drivers_used(catalogue: Catalogue, plan: Plan) -> frozenset[Driver]:
    """What makes the load of a plan's cells, as the catalogue has their profiles."""
    profiles = {cell.combination.profile for cell in plan.cells} & set(catalogue.profiles)
    return frozenset(catalogue.profiles[name].driver for name in profiles)


def packages_used(catalogue: Catalogue, plan: Plan) -> set[str]:
    """The distributions that the plan's servers and apps are made of."""
    combinations = [cell.combination for cell in plan.cells]
    servers = {p for c in combinations for p in catalogue.candidates[c.server].variant.packages}
    return servers | {p for c in combinations for p in catalogue.apps[c.app].packages}


def missing_packages(catalogue: Catalogue, held: Callable[[str], bool]) -> dict[str, tuple[str, ...]]:
    """Of each candidate and app that lacks some of its distributions, those that are not `held`, by its name."""
    wanted = {candidate.name: candidate.variant.packages for candidate in catalogue.candidates.values()}
    wanted |= {app.name: app.packages for app in catalogue.apps.values()}
    lacking = {name: tuple(p for p in packages if not held(p)) for name, packages in wanted.items()}
    return {name: packages for name, packages in lacking.items() if packages}
