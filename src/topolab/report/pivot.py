"""The tables of a report, as headings and cells of text: servers or loads down, topologies and protocols across."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from topolab.model.topology import Rows
from topolab.report.format import NOTHING, change, mebibytes, significant, span, with_spread
from topolab.stats.estimate import Estimate
from topolab.stats.figures import HEADLINES
from topolab.stats.summary import CellSummary, RunSummary
from topolab.stats.warnings import Warning

Column = tuple[str, str]
"""Topology, and the client protocol's short name."""

MARKS = {
    Warning.CLIENT_LIMITED: "*",
    Warning.NOT_STEADY: "~",
    Warning.BAD_RESPONSES: "!",
    Warning.BEHIND_SCHEDULE: "<",
    Warning.PIPELINED: "^",
}
TITLES = {
    "requests_per_second": "good responses per second",
    "page_seconds": "seconds until the last response of the page",
    "finish_seconds": "seconds from the first connection to the last of the responses",
    "p50_ms": "median latency in ms, from the planned send time",
    "p99_ms": "p99 of the fast requests in ms, from the planned send time",
}
_CHANGES = {
    "requests_per_second": "change of the rate",
    "page_seconds": "change of the seconds",
    "finish_seconds": "change of the finishing time",
    "p50_ms": "change of the median latency",
    "p99_ms": "change of the fast requests' p99",
    "server_cpu_us_per_request": "change of the server's CPU per response",
}
_MORE_IS_BETTER = {"requests_per_second"}


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


@dataclass(frozen=True, slots=True)
class Group:
    """The cells of a set of tables, by row and column: one app's, under one load profile or on one server.

    `rows_are` says what differs from row to row: `server`, `deployment` or `load`. Columns without a proxy stand first:
    the first one is what changes are told against.
    """

    title: str
    rows_are: str
    columns: tuple[Column, ...]
    rows: tuple[str, ...]
    cells: Mapping[tuple[str, Column], CellSummary]
    headline: str

    @property
    def competing(self) -> bool:
        """Whether the rows can be better or worse than each other: loads cannot."""
        return self.rows_are != "load"


def groups(summary: RunSummary, rows: Rows = Rows.SERVERS) -> list[Group]:
    """The run's cells by load profile and app, each with its servers best first. A/A copies are left out.

    Where an app was run on one server alone and under several loads, these are the rows, in the plan's order. Where
    deployments are to be compared, there is one group a load with all apps in it.
    """
    if rows is Rows.DEPLOYMENTS:
        under = _by(summary, lambda cell: cell.combination.profile)
        return [_group(load, "deployment", cells, _deployment) for load, cells in under.items()]
    by_app = _by(summary, lambda cell: cell.combination.app)
    return [group for app, cells in by_app.items() for group in _of_app(app, cells)]


def _by(summary: RunSummary, key: Callable[[CellSummary], str]) -> dict[str, list[CellSummary]]:
    found: dict[str, list[CellSummary]] = {}
    for cell in summary.cells:
        if not cell.combination.replica:
            found.setdefault(key(cell), []).append(cell)
    return {name: cells for name, cells in found.items() if any(cell.status != "skipped" for cell in cells)}


def _of_app(app: str, cells: list[CellSummary]) -> list[Group]:
    visited = [cell for cell in cells if cell.status != "skipped"]
    servers = list(dict.fromkeys(_server(cell, visited) for cell in visited))
    loads = dict.fromkeys(map(_load, visited))
    if len(servers) != 1 or len(loads) == 1:
        under = [[cell for cell in cells if _load(cell) == load] for load in loads]
        return [_group(f"{_load(some[0])}, {app} app", "server", some, partial(_server, cells=some)) for some in under]
    kinds = [[cell for cell in visited if cell.headline == name] for name in dict.fromkeys(HEADLINES.values())]
    title = f"{servers[0]}, {app} app"
    return [_group(f"{title}: {TITLES[some[0].headline or '']}", "load", some, _load) for some in kinds if some]


def _group(title: str, rows_are: str, cells: list[CellSummary], row_of: Callable[[CellSummary], str]) -> Group:
    visited = [cell for cell in cells if cell.status != "skipped"]
    headline = next((cell.headline for cell in visited if cell.headline), "requests_per_second")
    direct = {_column(cell) for cell in visited if len(cell.hops) == 1}
    columns = tuple(sorted(dict.fromkeys(map(_column, visited)), key=lambda column: column not in direct))
    named = {(row_of(cell), _column(cell)): cell for cell in cells if _column(cell) in columns}
    rows = list(dict.fromkeys(map(row_of, visited)))
    if rows_are != "load":
        rows.sort(key=lambda row: -_score(row, columns, named, headline))
    return Group(title, rows_are, columns, tuple(rows), named, headline)


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


def figures_drawn(group: Group) -> tuple[str, ...]:
    """The figures that charts of the group show, those that some cell has."""
    names = (group.headline, *(("requests_per_second",) if group.headline == "finish_seconds" else ()))
    return tuple(name for name in names if any(cell.estimates.get(name) for cell in group.cells.values()))


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


def _column(cell: CellSummary) -> Column:
    return cell.combination.topology, cell.combination.client_protocol.short


def _server(cell: CellSummary, cells: list[CellSummary]) -> str:
    """The server's name, with the interface where it is run with several."""
    name = cell.combination.server
    interfaces = {c.combination.interface for c in cells if c.combination.server == name}
    return name if len(interfaces) == 1 else f"{name} ({cell.combination.interface})"


def _deployment(cell: CellSummary) -> str:
    """The server, the app and the interface between them."""
    c = cell.combination
    return f"{c.server} × {c.app} ({c.interface})"


def _load(cell: CellSummary) -> str:
    return cell.combination.profile


def _row_of(group: Group, cell: CellSummary) -> str:
    return next(row for (row, _), other in group.cells.items() if other is cell)


def _best(group: Group, column: Column) -> CellSummary | None:
    found = [c for s in group.rows if (c := group.cells.get((s, column))) and c.estimates.get(group.headline)]
    return max(found, key=lambda cell: _goodness(cell.estimates[group.headline], group.headline), default=None)


def _goodness(estimate: Estimate | None, headline: str) -> float:
    if estimate is None:
        return 0.0
    return estimate.median if headline in _MORE_IS_BETTER else 1 / estimate.median


def _score(
    server: str, columns: tuple[Column, ...], cells: Mapping[tuple[str, Column], CellSummary], headline: str
) -> float:
    """How near a server is to the best of each column it is in, on average: the order of the rows."""
    shares = []
    for column in columns:
        values = {s: _goodness(cell.estimates.get(headline), headline) for (s, c), cell in cells.items() if c == column}
        if values.get(server):
            shares.append(values[server] / max(values.values()))
    return sum(shares) / len(shares) if shares else 0.0


def _spoken(seen: Iterable[object]) -> str:
    texts = dict.fromkeys(f"{hop.protocol} {'tls' if hop.tls else 'cleartext'}" for hop in seen)  # type: ignore[attr-defined]
    return ", ".join(texts)


def _filled(table: Table) -> bool:
    return any(entry.text != NOTHING for row in table.rows for entry in row[1:])
