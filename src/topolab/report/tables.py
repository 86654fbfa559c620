"""The tables of a report, of one group of cells each, as headings and cells of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from topolab.report.format import NOTHING, change, mebibytes, significant, span, with_spread
from topolab.report.grouping import TITLES, Column, Group, goodness
from topolab.stats.summary import CellSummary, RunSummary
from topolab.stats.warnings import Warning

MARKS = {
    Warning.CLIENT_LIMITED: "*",
    Warning.NOT_STEADY: "~",
    Warning.BAD_RESPONSES: "!",
    Warning.BEHIND_SCHEDULE: "<",
    Warning.PIPELINED: "^",
}
_CHANGES = {
    "requests_per_second": "change of the rate",
    "page_seconds": "change of the seconds",
    "finish_seconds": "change of the finishing time",
    "p50_ms": "change of the median latency",
    "p99_ms": "change of the fast requests' p99",
    "server_cpu_us_per_request": "change of the server's CPU per response",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a table. `best` marks the best of its column and all that were not shown to differ from it."""

    text: str
    best: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its heading row; the first column names the row."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]


def tables(group: Group, summary: RunSummary, *, memory: bool) -> list[Table]:
    """All that a report shows of a group, in its order."""
    wanted = (
        headline_table(group, summary),
        rate_table(group),
        latency_table(group),
        slow_table(group),
        change_table(group, summary),
        cpu_table(group),
        change_table(group, summary, "server_cpu_us_per_request"),
        memory_table(group) if memory else None,
        proof_table(group),
    )
    return [table for table in wanted if table is not None and table.rows]


def headline_table(group: Group, summary: RunSummary) -> Table:
    """The figure the profile is run for, with its spread and marks."""
    best = {column: _best(group, column) for column in group.columns if group.competing}

    def entry(cell: CellSummary, column: Column) -> Entry:
        leader = best.get(column, cell)
        value = cell.estimates.get(group.headline)
        if value is None or leader is None:
            return Entry(cell.status if cell.status == "failed" else NOTHING)
        comparison = summary.against(cell, leader, group.headline)
        level = comparison is not None and len(comparison.ratio.samples) > 1 and not comparison.shown
        marks = "".join(mark for warning, mark in MARKS.items() if warning in cell.warnings)
        failed = " failed" if cell.status == "failed" else ""
        return Entry(with_spread(value) + marks + failed, bool(best) and (cell is leader or level))

    return _table(group, TITLES[group.headline], entry)


def rate_table(group: Group) -> Table | None:
    """The rate of a counted load: the same result as its finishing time, in the unit that compares between loads."""

    def entry(cell: CellSummary, _: Column) -> Entry:
        rate = cell.estimates.get("requests_per_second")
        return Entry(with_spread(rate) if rate else NOTHING)

    return _table(group, TITLES["requests_per_second"], entry) if group.headline == "finish_seconds" else None


def change_table(group: Group, summary: RunSummary, figure: str | None = None) -> Table | None:
    """A figure (the headline) of each cell against the same server's first column, paired by round.

    None where there is nothing to compare.
    """
    first, name = group.columns[0], figure or group.headline

    def entry(cell: CellSummary, column: Column) -> Entry:
        baseline = group.cells.get((_row_of(group, cell), first))
        comparison = summary.against(cell, baseline, name) if baseline and column != first else None
        if comparison is None:
            return Entry(NOTHING)
        told = comparison.shown or not several
        return Entry(change(comparison.ratio.median) if told else "no diff.")

    several = any(cell.rounds > 1 for cell in group.cells.values())
    condition = "where one is shown" if several else "of a single round, which shows nothing"
    table = _table(group, f"{_CHANGES[name]} against {' '.join(first)}, {condition}", entry)
    return table if _filled(table) else None


def cpu_table(group: Group) -> Table | None:
    """Processor time of the server, and of the proxy where there is one, per good response."""

    def entry(cell: CellSummary, _: Column) -> Entry:
        server, proxy = (cell.estimates.get(f"{who}_cpu_us_per_request") for who in ("server", "proxy"))
        if server is None:
            return Entry(NOTHING)
        return Entry(significant(server.median) + (f"+{significant(proxy.median)}" if proxy else ""))

    table = _table(group, "CPU per good response in µs: server+proxy", entry)
    return table if _filled(table) else None


def memory_table(group: Group) -> Table | None:
    """Peak memory of the server's processes."""

    def entry(cell: CellSummary, _: Column) -> Entry:
        peak = cell.estimates.get("server_memory_peak_bytes")
        return Entry(mebibytes(peak.median) if peak else NOTHING)

    table = _table(group, "peak memory of the server", entry)
    return table if _filled(table) else None


def latency_table(group: Group) -> Table | None:
    """The three percentiles, where the profile gives them."""

    def entry(cell: CellSummary, _: Column) -> Entry:
        found = [cell.estimates.get(name) for name in ("p50_ms", "p90_ms", "p99_ms")]
        return Entry("/".join(significant(e.median) for e in found if e) or NOTHING)

    closed = group.headline in ("requests_per_second", "finish_seconds")
    what = "time per request in ms in a closed loop, which measures the queue" if closed else "latency in ms"
    table = _table(group, f"{what}: median/90 %/99 %", entry)
    return table if _filled(table) else None


def slow_table(group: Group) -> Table | None:
    """How many slow requests a second were answered beside the fast ones, where the profile has slow ones."""

    def entry(cell: CellSummary, _: Column) -> Entry:
        rate = cell.estimates.get("slow_requests_per_second")
        return Entry(significant(rate.median) if rate else NOTHING)

    table = _table(group, "good responses per second to slow requests", entry)
    return table if _filled(table) else None


def proof_table(group: Group) -> Table:
    """What each column's hops were seen to speak, over all its servers."""
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
            {frozenset({True}): "yes", frozenset({False}): "no"}.get(frozenset(downgraded), "some"),  # type: ignore[arg-type]
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
    found = [c for s in group.rows if (c := group.cells.get((s, column))) and c.estimates.get(group.headline)]
    return max(found, key=lambda cell: goodness(cell.estimates[group.headline], group.headline), default=None)


def _spoken(seen: Iterable[object]) -> str:
    texts = dict.fromkeys(f"{hop.protocol} {'tls' if hop.tls else 'cleartext'}" for hop in seen)  # type: ignore[attr-defined]
    return ", ".join(texts)


def _filled(table: Table) -> bool:
    return any(entry.text != NOTHING for row in table.rows for entry in row[1:])
