"""Which cells of a run share tables: servers, deployments or loads in rows, topologies and protocols in columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from topolab.model.combination import PROTOCOL, TOPOLOGY
from topolab.model.matrix import Rows
from topolab.stats.figures import FIGURES, Figure, headlines
from topolab.stats.summary import CellSummary, RunSummary

Column = tuple[str, str]
"""Topology, and the client protocol's short name."""


@dataclass(frozen=True, slots=True)
class Group:
    """The cells of a set of tables, by row and column: those of one app under one load, or on one server.

    `rows_are` says what differs from row to row: `server`, `deployment` or `load`. Columns without a proxy come first,
    and changes are relative to the first column.
    """

    title: str
    rows_are: str
    columns: tuple[Column, ...]
    rows: tuple[str, ...]
    cells: Mapping[tuple[str, Column], CellSummary]
    headline: Figure

    @property
    def competing(self) -> bool:
        """Whether a row can be better than another. Loads cannot."""
        return self.rows_are != "load"


def groups(summary: RunSummary, rows: Rows = Rows.SERVERS) -> list[Group]:
    """The cells of a run by load profile and app, the best server first. A/A copies are left out.

    Where an app ran on one server only and under several loads, the loads are the rows, in the order of the plan. Where
    the rows are deployments, each load has one group with all apps.
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
    names = dict.fromkeys(figure.name for figure in headlines().values())
    kinds = {name: [cell for cell in visited if cell.headline == name] for name in names}
    title = f"{servers[0]}, {app} app"
    return [_group(f"{title}: {FIGURES[name].title}", "load", some, _load) for name, some in kinds.items() if some]


def _group(title: str, rows_are: str, cells: list[CellSummary], row_of: Callable[[CellSummary], str]) -> Group:
    visited = [cell for cell in cells if cell.status != "skipped"]
    headline = FIGURES[next(cell.headline for cell in visited if cell.headline)]
    direct = {_column(cell) for cell in visited if len(cell.hops) == 1}
    columns = tuple(sorted(dict.fromkeys(map(_column, visited)), key=lambda column: column not in direct))
    named = {(row_of(cell), _column(cell)): cell for cell in cells if _column(cell) in columns}
    rows = list(dict.fromkeys(map(row_of, visited)))
    if rows_are != "load":
        rows.sort(key=lambda row: -_score(row, columns, named, headline))
    return Group(title, rows_are, columns, tuple(rows), named, headline)


def _column(cell: CellSummary) -> Column:
    return TOPOLOGY.label(cell.combination), PROTOCOL.label(cell.combination)


def _server(cell: CellSummary, cells: list[CellSummary]) -> str:
    """The server's name, with the interface where it is run with several, and the settings."""
    name = cell.combination.server
    interfaces = {c.combination.interface for c in cells if c.combination.server == name}
    interface = [f"({cell.combination.interface})"] if len(interfaces) > 1 else []
    return " ".join((name, *interface, *cell.combination.settings_labels))


def _deployment(cell: CellSummary) -> str:
    """The server, the app and the interface between them, and the settings."""
    c = cell.combination
    return " ".join((f"{c.server} × {c.app} ({c.interface})", *c.settings_labels))


def _load(cell: CellSummary) -> str:
    return cell.combination.profile


def goodness(cell: CellSummary, figure: Figure) -> float:
    """A cell's figure turned so that more is better; zero, the least, where it was not measured."""
    estimate = cell.estimates.get(figure.name)
    return figure.goodness(estimate.median) if estimate else 0.0


def _score(
    row: str, columns: tuple[Column, ...], cells: Mapping[tuple[str, Column], CellSummary], headline: Figure
) -> float:
    """How near a row is to the best of each of its columns, on average. Rows are in this order."""
    shares = []
    for column in columns:
        values = {r: goodness(cell, headline) for (r, c), cell in cells.items() if c == column}
        if mine := values.get(row):
            best = max(values.values())
            shares.append(1.0 if mine == best else mine / best)
    return sum(shares) / len(shares) if shares else 0.0
