"""A report: what its tables and files are made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from topolab.model.combination import Dimension, shown
from topolab.model.outcome import Observation
from topolab.model.run import RunRecord, Sitting
from topolab.model.visit import visit_paths
from topolab.report.grouping import Group, groups
from topolab.stats.summary import RunSummary, summarise
from topolab.store import Store


@dataclass(frozen=True)
class Report:
    """What the store has of a run, and what is computed from it."""

    record: RunRecord
    observations: tuple[Observation, ...]
    sittings: tuple[Sitting, ...]

    @cached_property
    def summary(self) -> RunSummary:
        """One row per cell."""
        return summarise(self.record.plan, self.observations, self.record.profiles)

    @cached_property
    def groups(self) -> list[Group]:
        """The sets of tables, with the rows that the matrix asks for."""
        return groups(self.summary, self.record.rows)

    @cached_property
    def visited(self) -> frozenset[str]:
        """The profiles of the plan whose loads are visits to the page.

        A run that recorded nothing of its drivers has the visits themselves.
        """
        record, planned = self.record, {cell.id: cell.combination.profile for cell in self.record.plan.cells}
        visitors = {name for name, driver in record.drivers.items() if driver.visits}
        seen = {planned[o.cell_id] for o in self.observations if visit_paths(o)}
        return frozenset(seen | {name for name in planned.values() if record.profiles[name].driver in visitors})

    @cached_property
    def dimensions(self) -> list[Dimension]:
        """What the files have columns for."""
        return shown(cell.combination for cell in self.summary.cells)


def read_report(store: Store) -> Report:
    """The report of what is in the store so far."""
    return Report(store.record, tuple(store.observations()), tuple(store.sittings()))
