"""The noise floor of a run, and comparisons of its cells."""

from __future__ import annotations

import pytest

from support.made_run import FAILURE, PROFILES, cell, measured, rates, rounds, skip
from topolab.model.cell import Cell, Plan, Skip
from topolab.model.outcome import Observation
from topolab.stats.summary import RunSummary, summarise

CELL = cell()
ALB = cell(topology="alb")


def summary(cells: list[Cell], observations: list[Observation], skips: tuple[Skip, ...] = ()) -> RunSummary:
    return summarise(Plan(tuple(cells), skips), observations, PROFILES)


def test_the_noise_floor_is_the_distance_between_a_cell_and_its_copy() -> None:
    copy = cell(replica=1)
    found = summary([CELL, copy], [*rates(CELL, 100.0, 100.0, 100.0), *rates(copy, 98.0, 98.0, 150.0)])
    assert found.noise_floor == pytest.approx(1 / 49)


def test_a_pair_with_a_failed_cell_gives_no_noise_floor() -> None:
    copy = cell(replica=1)
    assert summary([CELL, copy], [*rates(CELL, 100.0), *rounds(copy, FAILURE)]).noise_floor is None
    assert summary([CELL, copy], rates(CELL, 100.0)).noise_floor is None


def test_a_run_without_pairs_has_no_noise_floor() -> None:
    assert summary([CELL], rates(CELL, 1.0)).noise_floor is None


def test_every_figure_has_a_noise_floor_of_its_own() -> None:
    copy = cell(replica=1)
    made = rounds(copy, *(measured(copy, requests_per_second=98.0, client_cpu_s=0.6) for _ in range(2)))
    found = summary([CELL, copy], [*rates(CELL, 100.0, 100.0), *made])
    assert {name: round(floor, 3) for name, floor in found.noise_floors.items()} == {
        "requests_per_second": 0.02,
        "server_cpu_us_per_request": 0.0,
        "client_cpu_us_per_request": 0.2,
        "server_memory_peak_bytes": 0.0,
    }


def test_cells_are_compared_by_a_figure_paired_by_round() -> None:
    found = summary([CELL, ALB], [*rates(CELL, 100.0, 200.0), *rates(ALB, 50.0, 100.0, 7.0)])
    compared = found.against(found.cells[1], found.cells[0], "requests_per_second")
    assert compared is not None
    assert (compared.ratio.samples, compared.shown) == ((0.5, 0.5), True)


def test_a_difference_below_the_figures_own_noise_floor_is_not_shown() -> None:
    copy = cell(replica=1)
    made = [*rates(CELL, 100.0, 100.0), *rates(copy, 70.0, 100.0), *rates(ALB, 85.0, 85.0)]
    found = summary([CELL, ALB, copy], made)
    compared = found.against(found.cells[1], found.cells[0], "requests_per_second")
    assert compared is not None
    assert (compared.ratio.median, compared.shown) == (0.85, False)


@pytest.mark.parametrize("figure", ["requests_per_second", "page_seconds", "server_cpu_us_per_request"])
def test_cells_without_a_common_round_are_not_compared(figure: str) -> None:
    made = [*rounds(CELL, measured(CELL), FAILURE), *rounds(ALB, FAILURE, measured(ALB))]
    first, second, skipped = summary([CELL, ALB], made, (skip(),)).cells
    found = summary([CELL, ALB], made, (skip(),))
    assert [found.against(second, first, figure), found.against(skipped, first, figure)] == [None, None]
