"""The figures: one table that estimates, tables, charts, CSV, JSON and claims read. A figure is one entry in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args, get_type_hints

from topolab.errors import InputError, described
from topolab.model.outcome import GroupUsage, Measured
from topolab.model.profile import LoadProfile

CLOSED_LOOPS = ("closed", "count", "users")
"""The kinds of load that send a request when another is answered. Their response times measure the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureTable:
    """A table that figures share: each field has their medians, joined by `separator`.

    A table of `cost` comes after the changes of the headline. A `detailed` one is in full reports only.
    """

    name: str
    title: str
    separator: str = "/"
    closed_loop_title: str = ""
    cost: bool = False
    detailed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a measured cell.

    `name` is its key in results.json, its columns in results.csv, and what a claim calls it. `of` forms it from an
    observation, and returns None if the load or the machine does not provide it. `unit` follows the number.

    `headline_of` lists the kinds of load that are run for this figure; each kind has one headline. `next_to` names the
    headlines next to which this figure has a table of its own, with the spread of each median, and a chart. `table`
    shows its medians without the spread next to every other headline. `change` is the title of its table of changes:
    a headline always has that table, and another figure has it after `table` if `changes_shown` is true.
    """

    name: str
    title: str
    unit: str
    of: Callable[[Measured], float | None]
    more_is_better: bool = False
    headline_of: tuple[str, ...] = ()
    next_to: tuple[str, ...] = ()
    change: str = ""
    changes_shown: bool = False
    table: FigureTable | None = None

    @property
    def closed_loop(self) -> bool:
        """Whether the loads that it is the headline of are closed loops."""
        return bool(set(self.headline_of) & set(CLOSED_LOOPS))

    def goodness(self, value: float) -> float:
        """The value turned so that more is better."""
        if self.more_is_better:
            return value
        return 1 / value if value else float("inf")


def _answered(measured: Measured) -> int:
    return measured.measurement.good_responses + (measured.measurement.slow_responses or 0)


def _us_per_request(cpu_s: float, measured: Measured) -> float | None:
    answered = _answered(measured)
    return cpu_s * 1e6 / answered if answered else None


def _usage_per_request(usage: GroupUsage | None, measured: Measured) -> float | None:
    return _us_per_request(usage.cpu_s, measured) if usage else None


_LATENCY = FigureTable(
    name="latency",
    title="latency in ms: median/90 %/99 %",
    closed_loop_title="response time in ms in a closed loop, where it measures the queue: median/90 %/99 %",
)
_SLOW = FigureTable(name="slow", title="good responses to slow requests per second")
_CPU = FigureTable(name="cpu", title="CPU per good response in µs: server+proxy", separator="+", cost=True)
_MEMORY = FigureTable(name="memory", title="peak memory of the server", cost=True, detailed=True)


def by_name(*entries: Figure) -> dict[str, Figure]:
    """Figures by their names. Raises `InputError` if two have the same name."""
    found: dict[str, Figure] = {}
    for figure in entries:
        if figure.name in found:
            raise InputError(f"stats/figures.py: two figures are named {figure.name!r}; rename one of them")
        found[figure.name] = figure
    return found


FIGURES = by_name(
    Figure(
        name="requests_per_second",
        title="good responses per second",
        unit="/s",
        of=lambda measured: measured.measurement.requests_per_second,
        more_is_better=True,
        headline_of=("closed", "users"),
        next_to=("finish_seconds",),  # of a counted load, the rate is what can be compared between loads
        change="change in rate",
    ),
    Figure(
        name="page_seconds",
        title="seconds until the page's last response",
        unit="s",
        of=lambda measured: measured.measurement.page_seconds,
        headline_of=("page",),
        change="change in seconds",
    ),
    Figure(
        name="finish_seconds",
        title="seconds from the first connection to the last response",
        unit="s",
        of=lambda measured: measured.measurement.finish_seconds,
        headline_of=("count",),
        change="change in finishing time",
    ),
    Figure(
        name="p50_ms",
        title="median latency in ms, from the planned send time",
        unit="ms",
        of=lambda measured: measured.measurement.p50_ms,
        headline_of=("open",),
        change="change in median latency",
        table=_LATENCY,
    ),
    Figure(
        name="p90_ms",
        title="p90 latency in ms, from the planned send time",
        unit="ms",
        of=lambda measured: measured.measurement.p90_ms,
        table=_LATENCY,
    ),
    Figure(
        name="p99_ms",
        title="p99 latency of the fast requests in ms, from the planned send time",
        unit="ms",
        of=lambda measured: measured.measurement.p99_ms,
        headline_of=("mixed",),
        change="change in p99 of the fast requests",
        table=_LATENCY,
    ),
    Figure(
        name="slow_requests_per_second",
        title=_SLOW.title,
        unit="/s",
        of=lambda measured: measured.measurement.slow_requests_per_second,
        more_is_better=True,
        table=_SLOW,
    ),
    Figure(
        name="server_cpu_us_per_request",
        title="server CPU per good response in µs",
        unit="µs",
        of=lambda measured: _usage_per_request(measured.server_usage, measured),
        change="change in server CPU per response",
        changes_shown=True,
        table=_CPU,
    ),
    Figure(
        name="proxy_cpu_us_per_request",
        title="proxy CPU per good response in µs",
        unit="µs",
        of=lambda measured: _usage_per_request(measured.proxy_usage, measured),
        table=_CPU,
    ),
    Figure(
        name="client_cpu_us_per_request",
        title="load generator CPU per good response in µs",
        unit="µs",
        of=lambda measured: _us_per_request(measured.measurement.client_cpu_s, measured),
    ),
    Figure(
        name="server_memory_peak_bytes",
        title=_MEMORY.title,
        unit="bytes",
        of=lambda measured: measured.server_usage.memory_peak_bytes if measured.server_usage else None,
        table=_MEMORY,
    ),
)
"""Every figure by name, in the order of results.json."""


def figures(measured: Measured, cell_id: str) -> dict[str, float | None]:
    """Every figure of an observation of that cell, by name. Raises `InputError` if one cannot be computed."""
    return {name: _computed(figure, measured, cell_id) for name, figure in FIGURES.items()}


def _computed(figure: Figure, measured: Measured, cell_id: str) -> float | None:
    where = f"figure {figure.name}: `of` failed for the cell {cell_id}"
    try:
        value = figure.of(measured)
    except (Exception, SystemExit) as error:  # whoever added the figure needs to know which one it is
        raise InputError(f"{where}: {described(error)}") from error
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InputError(f"{where}: it must return a number or None, not {value!r}")
    return value


def headlines() -> dict[str, Figure]:
    """The figure that each kind of load is run for, in the order in which the model lists the kinds."""
    of_kind = {kind: figure for figure in FIGURES.values() for kind in figure.headline_of}
    kinds = (get_args(get_type_hints(load)["kind"])[0] for load in get_args(LoadProfile))
    return {kind: of_kind[kind] for kind in kinds}


def figure_tables() -> dict[FigureTable, list[Figure]]:
    """The tables that figures name, each with its figures, in the order of `FIGURES`."""
    found: dict[FigureTable, list[Figure]] = {}
    for figure in FIGURES.values():
        if figure.table is not None:
            found.setdefault(figure.table, []).append(figure)
    return found
