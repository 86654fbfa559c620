"""From the observations of a run to a summary per cell: estimates, hops and warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from topolab.model.cell import Cell, Plan, Skip
from topolab.model.combination import Combination
from topolab.model.measurement import Measurement
from topolab.model.outcome import Failed, Measured, Observation, SeenHop
from topolab.model.profile import LoadProfile
from topolab.stats.compare import ByRound, Comparison, compare, noise_floor
from topolab.stats.estimate import Estimate, estimate
from topolab.stats.figures import FIGURES, figures, headlines
from topolab.stats.warnings import CLIENT_SHARE_LIMIT, DRIFT_LIMIT, OFFERED_LIMIT, SWING_LIMIT, Warning


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """One row of every report.

    `rounds` counts the measured ones. Responses are those of all rounds, failed ones too; None if not counted.
    `headline` names the figure that the cell is run for; None if it was not run. `log` is the end of the log of the
    first failure.
    """

    combination: Combination
    status: str
    reason: str = ""
    log: str = ""
    hops: tuple[SeenHop, ...] = ()
    downgraded: bool | None = None
    rounds: int = 0
    estimates: Mapping[str, Estimate | None]
    by_round: Mapping[str, ByRound]
    good_responses: int | None = None
    bad_responses: Mapping[str, int] | None = None
    client_limited: bool | None = None
    steady: bool | None = None
    warnings: tuple[Warning, ...] = ()
    headline: str | None = None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Every cell and skip of a run, and the noise floor of each figure as a fraction; none without A/A pairs."""

    cells: tuple[CellSummary, ...]
    noise_floors: Mapping[str, float]

    @property
    def noise_floor(self) -> float | None:
        """The highest noise floor among the headlines of the run."""
        headlines = {cell.headline for cell in self.cells}
        return max((floor for name, floor in self.noise_floors.items() if name in headlines), default=None)

    def against(self, cell: CellSummary, baseline: CellSummary, figure: str) -> Comparison | None:
        """A figure of `cell` compared with that of `baseline`; None if no round has measured both."""
        figures, others = cell.by_round.get(figure), baseline.by_round.get(figure)
        return compare(figures, others, self.noise_floors.get(figure)) if figures and others else None


def summarise(plan: Plan, observations: Sequence[Observation], profiles: Mapping[str, LoadProfile]) -> RunSummary:
    """Every planned cell in the order of the plan, then every skip. A cell not visited yet is `skipped`."""
    seen: dict[str, list[Observation]] = {cell.id: [] for cell in plan.cells}
    for observation in sorted(observations, key=lambda o: o.round):
        seen[observation.cell_id].append(observation)
    cells = [_cell(cell, seen[cell.id], profiles[cell.combination.profile]) for cell in plan.cells]
    by_id = {cell.combination.id: cell for cell in cells}
    pairs = [(by_id[replace(cell.combination, replica=0).id], cell) for cell in cells if cell.combination.replica]
    floors = {
        name: noise_floor((first.by_round.get(name, {}), second.by_round.get(name, {})) for first, second in pairs)
        for name in FIGURES
    }
    known = {name: floor for name, floor in floors.items() if floor is not None}
    return RunSummary((*cells, *map(_skipped, plan.skips)), known)


def _skipped(skip: Skip) -> CellSummary:
    return CellSummary(combination=skip.combination, status="skipped", reason=skip.reason, estimates={}, by_round={})


def _cell(cell: Cell, observations: Sequence[Observation], profile: LoadProfile) -> CellSummary:
    measured = {o.round: o.outcome for o in observations if isinstance(o.outcome, Measured)}
    failures = [(o.round, o.outcome) for o in observations if isinstance(o.outcome, Failed)]
    by_round = _by_round(measured, cell.id)
    counted = [o.outcome.measurement for o in observations if o.outcome.measurement is not None]
    bad: Counter[str] = Counter()
    for measurement in counted:
        bad.update(measurement.bad_responses)
    if not observations:
        return _skipped(Skip(cell.combination, "not reached: the run was interrupted before its first round"))
    reason = log = ""
    if failures:
        round_number, failure = failures[0]
        reason = f"{failure.stage}: {failure.message}"
        if measured:
            reason = f"round {round_number} of {len(observations)}: {reason}"
        log = failure.log
    last = measured[max(measured)] if measured else None
    client_limited = _client_limited(list(measured.values())) if measured else None
    steady = _steady([o.measurement for o in measured.values()], profile) if measured else None
    return CellSummary(
        combination=cell.combination,
        status="failed" if failures else "measured",
        reason=reason,
        log=log,
        hops=last.hops if last else (),
        downgraded=cell.downgraded if last else None,
        rounds=len(measured),
        estimates={name: estimate(values.values()) for name, values in by_round.items()},
        by_round=by_round,
        good_responses=sum(m.good_responses for m in counted) if counted else None,
        bad_responses=dict(bad) if counted else None,
        client_limited=client_limited,
        steady=steady,
        headline=headlines()[profile.kind].name,
        warnings=_warnings(
            cell,
            profile,
            list(measured.values()),
            bad,
            client_limited,
            steady,
            any(o.disturbed for o in observations if o.round in measured),
        ),
    )


def _by_round(measured: Mapping[int, Measured], cell_id: str) -> dict[str, ByRound]:
    found: dict[str, dict[int, float]] = {name: {} for name in FIGURES}
    for number, outcome in sorted(measured.items()):
        for name, value in figures(outcome, cell_id).items():
            if value is not None:
                found[name][number] = value
    return dict(found)


def _client_limited(measured: Sequence[Measured]) -> bool:
    """Whether the client used more than 80 % of its one processor, in the median round."""
    seen = [o.measurement for o in measured if o.measurement.client_wall_s > 0]
    return bool(seen) and median(m.client_cpu_s / m.client_wall_s for m in seen) > CLIENT_SHARE_LIMIT


def _steady(measurements: Sequence[Measurement], profile: LoadProfile) -> bool | None:
    """Whether the rate was the same in both halves of the load; None for a page and for a counted load.

    None for a mixed load too: its fast requests come at the offered rate, and a shortfall is `BEHIND_SCHEDULE`.
    Drift is what the rounds have in common, so up and down cancel out. Swing is how far a round was off either way.
    """
    if not profile.steady_rate:
        return None
    drifts = [d for m in measurements if (d := _drift(m.series)) is not None]
    if not drifts:
        return None
    return abs(median(drifts)) <= DRIFT_LIMIT and median(map(abs, drifts)) <= SWING_LIMIT


def _drift(series: tuple[int, ...]) -> float | None:
    """How far the second half of a series of counts is above the first, as a fraction of their mean."""
    half = len(series) // 2
    first, second = sum(series[:half]), sum(series[len(series) - half :])
    return 2 * (second - first) / (first + second) if half and first + second else None


def _warnings(
    cell: Cell,
    profile: LoadProfile,
    measured: Sequence[Measured],
    bad: Counter[str],
    client_limited: bool | None,
    steady: bool | None,
    disturbed: bool,
) -> tuple[Warning, ...]:
    if not measured:
        return ()
    checks = {
        Warning.CLIENT_LIMITED: client_limited,
        Warning.NOT_STEADY: steady is False,
        Warning.BAD_RESPONSES: bad.total() > 0,
        Warning.BEHIND_SCHEDULE: any(_behind(o.measurement) for o in measured),
        Warning.DISTURBED: disturbed,
        Warning.PIPELINED: profile.pipelines(cell.combination.client_protocol.protocol),
        Warning.UNKNOWN_ORIGIN_CONNECTIONS: len(cell.hops) > 1 and measured[-1].hops[-1].connections is None,
    }
    return tuple(warning for warning, applies in checks.items() if applies)


def _behind(measurement: Measurement) -> bool:
    offered = measurement.offered_requests
    return offered is not None and measurement.responses_in_window < OFFERED_LIMIT * offered
