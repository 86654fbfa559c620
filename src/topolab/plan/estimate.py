"""Estimates how long a cell takes, for `--dry-run` and the ETA; no figure depends on it."""

from __future__ import annotations

from collections.abc import Iterable

from topolab.catalogue import Catalogue
from topolab.drivers.registry import Drivers
from topolab.model.cell import Cell
from topolab.model.profile import LoadProfile


def expected_s(cell: Cell, profile: LoadProfile, stack_s: float, known: Drivers) -> float:
    """Seconds for one round of `cell`, including `stack_s` for its stack."""
    load_s = profile.expected_s(cell.combination.client_protocol.protocol)
    return stack_s + known[profile.driver].start_up_s + load_s


def expected_total_s(cells: Iterable[Cell], catalogue: Catalogue, rounds: int, stack_s: float) -> float:
    """Seconds for a whole run."""
    profiles, known = catalogue.profiles, catalogue.drivers
    return rounds * sum(expected_s(cell, profiles[cell.combination.profile], stack_s, known) for cell in cells)
