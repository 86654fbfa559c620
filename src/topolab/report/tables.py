"""The tables of a report, of one group of cells each, as headings and cells of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from topolab.model.outcome import SeenHop
from topolab.report.format import NOTHING, change, span, tabulated, with_spread
from topolab.report.grouping import Column, Group, goodness
from topolab.stats.figures import FIGURES, Figure, FigureTable, figure_tables
from topolab.stats.summary import CellSummary, RunSummary
from topolab.stats.warnings import Warning

MARKS = {
    Warning.CLIENT_LIMITED: "*",
    Warning.NOT_STEADY: "~",
    Warning.BAD_RESPONSES: "!",
    Warning.BEHIND_SCHEDULE: "<",
    Warning.DISTURBED: "&",
    Warning.PIPELINED: "^",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a table. `best` marks the best in its column, and every field not shown to differ from it."""

    text: str
    best: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its heading row; the first column names the row."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True, slots=True)
class TableKind:
    """A table that groups have, under the name that articles use.

    `draw` gives no table where the group has nothing for it. A `detailed` one is in full reports only. `figures` are
    those that it has only the medians of.
    """

    name: str
    draw: Callable[[Group, RunSummary], list[Table]]
    detailed: bool = False
    figures: tuple[Figure, ...] = ()

    def repeats(self, group: Group) -> bool:
        """Whether the group already shows all of its figures with their spread. Articles may still ask for it."""
        return bool(self.figures) and set(self.figures) <= {group.headline, *next_to(group)}


def table_kinds() -> list[TableKind]:
    """Every table of a group, in the order of every report."""
    return [
        TableKind("headline", lambda group, summary: [headline_table(group, summary)]),
        TableKind("rate", lambda group, _: [spread_table(group, figure) for figure in next_to(group)]),
        *_figure_tables(cost=False),
        TableKind("change", lambda group, summary: _filled(change_table(group, summary, group.headline))),
        *_figure_tables(cost=True),
        TableKind("hops", lambda group, _: [table for table in (proof_table(group),) if table.rows]),
    ]


def next_to(group: Group) -> list[Figure]:
    """The figures that are shown next to the group's headline."""
    return [figure for figure in FIGURES.values() if group.headline.name in figure.next_to]


def _figure_tables(cost: bool) -> Iterator[TableKind]:
    for table, figures in figure_tables().items():
        if table.cost is cost:
            yield _medians(table, figures)
            yield from (_changes(table, figure) for figure in figures if figure.changes_shown)


def _medians(table: FigureTable, figures: Sequence[Figure]) -> TableKind:
    def draw(group: Group, _: RunSummary) -> list[Table]:
        return _filled(median_table(group, table, figures))

    return TableKind(table.name, draw, table.detailed, tuple(figures))


def _changes(table: FigureTable, figure: Figure) -> TableKind:
    name = f"{table.name}-change"
    return TableKind(name, lambda group, summary: _filled(change_table(group, summary, figure)), table.detailed)


def _filled(table: Table) -> list[Table]:
    return [table] if any(entry.text != NOTHING for row in table.rows for entry in row[1:]) else []


def headline_table(group: Group, summary: RunSummary) -> Table:
    """The figure that the load is run for, with its spread and marks."""
    name = group.headline.name
    best = {column: _best(group, column) for column in group.columns if group.competing}

    def entry(cell: CellSummary, column: Column) -> Entry:
        leader = best.get(column, cell)
        value = cell.estimates.get(name)
        if value is None or leader is None:
            return Entry(cell.status if cell.status == "failed" else NOTHING)
        comparison = summary.against(cell, leader, name)
        level = comparison is not None and len(comparison.ratio.samples) > 1 and not comparison.shown
        marks = "".join(mark for warning, mark in MARKS.items() if warning in cell.warnings)
        failed = " failed" if cell.status == "failed" else ""
        return Entry(with_spread(value) + marks + failed, bool(best) and (cell is leader or level))

    return _table(group, group.headline.title, entry)


def spread_table(group: Group, figure: Figure) -> Table:
    """A figure with its spread."""

    def entry(cell: CellSummary, _: Column) -> Entry:
        value = cell.estimates.get(figure.name)
        return Entry(with_spread(value) if value else NOTHING)

    return _table(group, figure.title, entry)


def median_table(group: Group, table: FigureTable, figures: Sequence[Figure]) -> Table:
    """The medians of figures that are read together. Without the first of them a field is empty."""

    def entry(cell: CellSummary, _: Column) -> Entry:
        found = [(figure, cell.estimates.get(figure.name)) for figure in figures]
        if found[0][1] is None:
            return Entry(NOTHING)
        return Entry(table.separator.join(tabulated(figure, value) for figure, value in found if value))

    queued = group.headline.closed_loop and table.closed_loop_title
    return _table(group, queued or table.title, entry)


def change_table(group: Group, summary: RunSummary, figure: Figure) -> Table:
    """A figure of each cell compared with the first column of its row, paired by round."""
    first = group.columns[0]
    several = any(cell.rounds > 1 for cell in group.cells.values())

    def entry(cell: CellSummary, column: Column) -> Entry:
        baseline = group.cells.get((_row_of(group, cell), first))
        comparison = summary.against(cell, baseline, figure.name) if baseline and column != first else None
        if comparison is None:
            return Entry(NOTHING)
        written = comparison.shown or not several
        return Entry(change(comparison.ratio.median) if written else "no diff.")

    condition = "where it is more than noise" if several else "in a single round, which shows nothing"
    return _table(group, f"{figure.change} from {' '.join(first)}, {condition}", entry)


def proof_table(group: Group) -> Table:
    """What the hops of each column were seen to speak, over all rows."""
    rows = []
    for column in group.columns:
        seen = [cell for (_, c), cell in group.cells.items() if c == column and cell.hops]
        if not seen:
            continue
        first = [cell.hops[0] for cell in seen]
        last = [cell.hops[-1] for cell in seen] if len(seen[0].hops) > 1 else []
        downgraded = {cell.downgraded for cell in seen}
        row = [
            " ".join(column),
            _spoken(first),
            span(hop.connections for hop in first),
            _spoken(last) if last else "the same",
            span(hop.connections for hop in last) if last else NOTHING,
            "some" if len(downgraded) > 1 else "yes" if downgraded == {True} else "no",
            str(len(seen)),
        ]
        rows.append(tuple(Entry(text) for text in row))
    head = ("", "client's hop", "conns", "server's hop", "conns", "downgraded", "cells")
    return Table("what was seen on each hop", head, tuple(rows))


def _table(group: Group, title: str, entry: Callable[[CellSummary, Column], Entry]) -> Table:
    rows = []
    for row in group.rows:
        cells = [group.cells.get((row, column)) for column in group.columns]
        entries = [entry(c, column) if c else Entry(NOTHING) for c, column in zip(cells, group.columns, strict=True)]
        rows.append((Entry(row), *entries))
    return Table(title, (group.rows_are, *(" ".join(column) for column in group.columns)), tuple(rows))


def _row_of(group: Group, cell: CellSummary) -> str:
    return next(row for (row, _), other in group.cells.items() if other is cell)


def _best(group: Group, column: Column) -> CellSummary | None:
    found = [c for row in group.rows if (c := group.cells.get((row, column))) and c.estimates.get(group.headline.name)]
    return max(found, key=lambda cell: goodness(cell, group.headline), default=None)


def _spoken(seen: Iterable[SeenHop]) -> str:
    return ", ".join(dict.fromkeys(f"{hop.protocol} {'tls' if hop.tls else 'cleartext'}" for hop in seen))
