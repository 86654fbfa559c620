"""How long a cell will take, roughly: for `--dry-run` and the ETA, never for a figure."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from urllib.parse import parse_qs, urlsplit

from topolab.catalogue import Catalogue
from topolab.drivers.registry import Drivers
from topolab.model.cell import Cell
from topolab.model.profile import CountLoad, LoadProfile, MixedLoad, PageLoad, UsersLoad

COUNTED_PER_S = 1500.0
"""How fast a counted load goes, between a server in pure Python (1,000) and the others."""


def expected_s(cell: Cell, profile: LoadProfile, stack_s: float, known: Drivers) -> float:
    """Seconds for one round of `cell`, of which `stack_s` for its stack."""
    begin_s = stack_s + known[profile.driver].start_up_s
    if isinstance(profile, UsersLoad):
        return begin_s + profile.users / profile.spawn_per_s + profile.warm_up_s + profile.duration_s
    if isinstance(profile, CountLoad):
        return begin_s + profile.requests / COUNTED_PER_S
    if isinstance(profile, MixedLoad):
        # Before the warm-up and before the load the slow requests begin, and after them they end.
        around_s = profile.slow.spread_s + _delay_s(profile.slow.path)
        return begin_s + profile.warm_up_s + profile.duration_s + 2 * around_s
    if not isinstance(profile, PageLoad):
        return begin_s + profile.warm_up_s + profile.duration_s
    in_flight = profile.lanes(cell.combination.client_protocol.protocol).in_flight
    return begin_s + ceil(profile.requests / in_flight) * _delay_s(profile.path)


def expected_total_s(cells: Iterable[Cell], catalogue: Catalogue, rounds: int, stack_s: float) -> float:
    """Seconds for a whole run."""
    profiles, known = catalogue.profiles, catalogue.drivers
    return rounds * sum(expected_s(cell, profiles[cell.combination.profile], stack_s, known) for cell in cells)


def _delay_s(path: str) -> float:
    """How long the app waits before it answers `path`."""
    return float(parse_qs(urlsplit(path).query).get("delay", ["0"])[0])
