"""Summarising observations as one row per cell, with figures and warnings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.made_run import FAILURE, PROFILES, cell, counted, measured, mixed, observation, page, rates, rounds, skip
from topolab.model.cell import Cell, Plan, Skip
from topolab.model.outcome import Failed, Measured, Observation, Stage
from topolab.model.protocol import ClientProtocol
from topolab.stats.estimate import Estimate
from topolab.stats.figures import FIGURES
from topolab.stats.summary import CellSummary, RunSummary, summarise
from topolab.stats.warnings import Warning

CELL = cell()
ALB = cell(topology="alb")
OPEN = cell(profile="steady")
MIXED = cell(profile="mixed")
PAGE = cell(profile="page-24")
COUNTED = cell(profile="counted")


def summary(cells: list[Cell], observations: list[Observation], skips: tuple[Skip, ...] = ()) -> RunSummary:
    return summarise(Plan(tuple(cells), skips), observations, PROFILES)


def the_row(observations: list[Observation], of: Cell = CELL) -> CellSummary:
    (row,) = summary([of], observations).cells
    return row


def test_a_measured_cell_has_all_its_figures_and_hops() -> None:
    found = the_row(rates(ALB, 900.0, 1000.0, 1100.0), ALB)
    assert replace(found, estimates={}, by_round={}) == CellSummary(
        combination=ALB.combination,
        status="measured",
        hops=measured(ALB).hops,
        downgraded=True,
        rounds=3,
        estimates={},
        by_round={},
        good_responses=3000,
        bad_responses={},
        client_limited=False,
        steady=True,
        headline="requests_per_second",
    )
    assert found.estimates == {
        "requests_per_second": Estimate(1000.0, 900.0, 1100.0, (900.0, 1000.0, 1100.0)),
        "page_seconds": None,
        "finish_seconds": None,
        "p50_ms": None,
        "p90_ms": None,
        "p99_ms": None,
        "slow_requests_per_second": None,
        "server_cpu_us_per_request": Estimate(900.0, 900.0, 900.0, (900.0,) * 3),
        "proxy_cpu_us_per_request": Estimate(200.0, 200.0, 200.0, (200.0,) * 3),
        "client_cpu_us_per_request": Estimate(500.0, 500.0, 500.0, (500.0,) * 3),
        "server_memory_peak_bytes": Estimate(50 * 2**20, 50 * 2**20, 50 * 2**20, (50 * 2**20,) * 3),
    }
    assert found.by_round["requests_per_second"] == {1: 900.0, 2: 1000.0, 3: 1100.0}


def test_rounds_are_sorted() -> None:
    made = rates(CELL, 1.0, 2.0, 3.0)
    assert the_row([made[2], made[0], made[1]]) == the_row(made)


def test_a_cell_that_failed_in_every_round_has_no_figure() -> None:
    found = the_row(rounds(CELL, FAILURE, Failed(Stage.LOAD, "another")))
    assert found == CellSummary(
        combination=CELL.combination,
        status="failed",
        reason="ready: no answer within 10 s",
        log=FAILURE.log,
        estimates=dict.fromkeys(FIGURES),
        by_round={name: {} for name in FIGURES},
        headline="requests_per_second",
    )


def test_a_cell_that_failed_in_one_round_names_it_and_keeps_the_others() -> None:
    found = the_row(rounds(CELL, measured(CELL), FAILURE, measured(CELL, requests_per_second=2000.0)))
    assert (found.status, found.reason, found.log) == (
        "failed",
        "round 2 of 3: ready: no answer within 10 s",
        FAILURE.log,
    )
    assert (found.rounds, found.good_responses, found.headline) == (2, 2000, "requests_per_second")
    assert found.by_round["requests_per_second"] == {1: 1000.0, 3: 2000.0}


def test_a_cell_that_was_not_reached_is_skipped_with_the_reason() -> None:
    first, second = summary([CELL, ALB], rates(CELL, 1.0)).cells
    assert first.status == "measured"
    assert second == CellSummary(
        combination=ALB.combination,
        status="skipped",
        reason="not reached: the run was interrupted before its first round",
        estimates={},
        by_round={},
    )


def test_skips_come_after_the_cells_with_their_reasons() -> None:
    found = summary([ALB, CELL], [*rates(CELL, 1.0), *rates(ALB, 1.0)], (skip(),))
    assert [row.combination for row in found.cells] == [ALB.combination, CELL.combination, skip().combination]
    assert (found.cells[2].status, found.cells[2].reason) == ("skipped", skip().reason)


def test_bad_responses_are_added_up_by_kind() -> None:
    found = the_row(
        rounds(
            CELL,
            measured(CELL, bad_responses={"status 502": 2, "wrong body": 1}),
            measured(CELL, bad_responses={"status 502": 40}),
            measured(CELL),
        )
    )
    assert found.bad_responses == {"status 502": 42, "wrong body": 1}
    assert found.warnings == (Warning.BAD_RESPONSES,)


@pytest.mark.parametrize(
    ("shares", "limited"),
    [((0.8,), False), ((0.81,), True), ((0.1, 0.9, 0.95), True), ((0.1, 0.2, 0.95), False), ((0.7, 0.95), True)],
)
def test_the_client_is_limited_where_its_median_processor_use_is_over_80_percent(
    shares: tuple[float, ...], limited: bool
) -> None:
    found = the_row(rounds(CELL, *(measured(CELL, client_cpu_s=share * 2, client_wall_s=2.0) for share in shares)))
    assert found.client_limited is limited
    assert found.warnings == ((Warning.CLIENT_LIMITED,) if limited else ())


@pytest.mark.parametrize(
    ("series", "steady"),
    [
        ((100, 100, 100, 100), True),
        ((95, 95, 105, 105), True),
        ((94, 94, 106, 106), False),
        ((106, 106, 94, 94), False),
        ((100, 1, 100), True),
        ((0, 0, 100, 100), False),
        ((100,), None),
        ((), None),
    ],
)
def test_a_rate_that_drifts_by_more_than_10_percent_is_not_steady(series: tuple[int, ...], steady: bool | None) -> None:
    found = the_row(rounds(CELL, measured(CELL, series=series)))
    assert found.steady is steady
    assert found.warnings == ((Warning.NOT_STEADY,) if steady is False else ())


def test_one_drifting_round_of_three_is_still_steady() -> None:
    drifting = measured(CELL, series=(10, 90))
    assert the_row(rounds(CELL, measured(CELL), drifting, measured(CELL))).steady is True


def test_rounds_that_drift_in_opposite_directions_are_not_steady() -> None:
    found = the_row(rounds(CELL, measured(CELL, series=(10, 90)), measured(CELL, series=(90, 10))))
    assert found.steady is False


def test_a_page_is_never_unsteady() -> None:
    assert the_row(rounds(PAGE, page(PAGE, 3.2)), PAGE).steady is None


@pytest.mark.parametrize(("answered", "behind"), [(1485, False), (1484, True), (1500, False)])
def test_an_open_load_below_99_percent_of_its_plan_is_behind_schedule(answered: int, behind: bool) -> None:
    good = measured(OPEN, offered_requests=1500, responses_in_window=1500)
    late = measured(OPEN, offered_requests=1500, responses_in_window=answered)
    found = the_row(rounds(OPEN, good, late, good), OPEN)
    assert found.warnings == ((Warning.BEHIND_SCHEDULE,) if behind else ())


def test_a_mixed_load_behind_schedule_is_not_also_unsteady() -> None:
    found = the_row(rounds(MIXED, mixed(MIXED, 9000.0, responses_in_window=20, series=(1, 19))), MIXED)
    assert (found.steady, found.warnings) == (None, (Warning.BEHIND_SCHEDULE,))


def test_a_mixed_loads_cpu_covers_all_responses_and_slow_ones_have_their_own_rate() -> None:
    found = {name: e.median for name, e in the_row(rounds(MIXED, mixed(MIXED, 3.0)), MIXED).estimates.items() if e}
    assert found == {
        "requests_per_second": 100.0,
        "p50_ms": 1.0,
        "p90_ms": 2.0,
        "p99_ms": 3.0,
        "slow_requests_per_second": 16.0,
        "server_cpu_us_per_request": pytest.approx(0.9e6 / 500),
        "client_cpu_us_per_request": pytest.approx(0.5e6 / 500),
        "server_memory_peak_bytes": 50 * 2**20,
    }


def test_unknown_origin_connections_are_a_warning_only_behind_a_proxy() -> None:
    behind = the_row(rounds(ALB, measured(ALB, connections=(4, None))), ALB)
    assert behind.warnings == (Warning.UNKNOWN_ORIGIN_CONNECTIONS,)
    assert the_row(rounds(CELL, measured(CELL, connections=(4,)))).warnings == ()


def test_a_cell_can_have_several_warnings() -> None:
    bad: dict[str, Any] = {"client_cpu_s": 0.9, "series": (1, 9), "bad_responses": {"timeout": 1}}
    found = the_row(rounds(ALB, measured(ALB, connections=(4, None), offered_requests=9999, **bad)), ALB)
    absent = {Warning.PIPELINED, Warning.DISTURBED}
    assert found.warnings == tuple(warning for warning in Warning if warning not in absent)


@pytest.mark.parametrize(
    ("protocol", "profile", "pipelined"),
    [
        (ClientProtocol.HTTP1, "counted-m5", True),
        (ClientProtocol.HTTP1, "counted", False),
        (ClientProtocol.H2, "counted-m5", False),
    ],
)
def test_several_streams_under_http1_are_pipelining(protocol: ClientProtocol, profile: str, pipelined: bool) -> None:
    of = cell(protocol=protocol, profile=profile)
    assert (Warning.PIPELINED in the_row(rounds(of, counted(of, 0.1)), of).warnings) is pipelined


@pytest.mark.parametrize(
    ("of", "outcome", "headline"),
    [
        (CELL, measured(CELL), "requests_per_second"),
        (OPEN, measured(OPEN, p50_ms=1.0, p90_ms=2.0, p99_ms=3.0), "p50_ms"),
        (MIXED, mixed(MIXED, 3.0), "p99_ms"),
        (PAGE, page(PAGE, 3.2), "page_seconds"),
        (COUNTED, counted(COUNTED, 0.1), "finish_seconds"),
    ],
)
def test_the_headline_follows_from_the_kind_of_load(of: Cell, outcome: Measured, headline: str) -> None:
    found = the_row(rounds(of, outcome), of)
    assert found.headline == headline
    assert found.estimates[headline] is not None


def test_an_unmeasured_figure_has_no_estimate() -> None:
    bare = Measured(measurement=measured(CELL).measurement, hops=measured(CELL).hops)
    given = {name for name, estimate in the_row(rounds(CELL, bare)).estimates.items() if estimate is not None}
    assert given == {"requests_per_second", "client_cpu_us_per_request"}


def test_a_figure_measured_in_some_rounds_is_estimated_from_those() -> None:
    bare = Measured(measurement=measured(CELL).measurement, hops=measured(CELL).hops)
    found = the_row(rounds(CELL, bare, measured(CELL)))
    assert found.by_round["server_memory_peak_bytes"] == {2: 50 * 2**20}


def test_the_hops_are_those_of_the_last_measured_round() -> None:
    last = measured(ALB, connections=(5, 7))
    assert the_row(rounds(ALB, measured(ALB), last, FAILURE), ALB).hops == last.hops


def test_a_load_too_short_to_time_the_client_is_still_summarised() -> None:
    made = [observation(CELL, 1, measured(CELL, client_cpu_s=0.0, client_wall_s=0.5))]
    assert the_row(made).client_limited is False


def test_a_measurement_without_client_times_is_still_summarised() -> None:
    assert the_row(rounds(CELL, measured(CELL, client_cpu_s=0.0, client_wall_s=0.0))).client_limited in (None, False)


def test_one_round_next_to_another_run_marks_the_row_as_disturbed() -> None:
    alone = rates(CELL, 900.0, 1000.0)
    assert the_row(alone).warnings == ()
    assert the_row([alone[0], replace(alone[1], disturbed=True)]).warnings == (Warning.DISTURBED,)
