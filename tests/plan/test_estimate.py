"""Estimates of how long a cell and a run take."""

from __future__ import annotations

import pytest

from support.planning import cell
from topolab.catalogue import Catalogue
from topolab.model.profile import COUNTED_PER_S
from topolab.plan.estimate import expected_s, expected_total_s

STACK_S = 0.7


@pytest.mark.parametrize(
    ("protocol", "profile", "load_s"),
    [
        ("h2", "ceiling", 0.85),
        ("h2", "steady", 3.5),
        ("http/1.1", "page-24", 12.0),
        ("h2", "page-24", 3.0),
        # Warm-up and load, each with 1 s before it to start the slow requests and 1 s after it to end them.
        ("h2", "mixed", 0.5 + 4.0 + 2 * (1.0 + 1.0)),
        ("h2", "h2load-c50-n5000", 5000 / COUNTED_PER_S),
        ("http/1.1", "h2load-c50-n5000-m5", 5000 / COUNTED_PER_S),
    ],
)
def test_a_cells_time_is_its_load_and_its_stack(
    catalogue: Catalogue, protocol: str, profile: str, load_s: float
) -> None:
    of = cell(catalogue, "hypercorn-asyncio", "direct", protocol)
    assert expected_s(of, catalogue.profiles[profile], STACK_S, catalogue.drivers) == pytest.approx(STACK_S + load_s)


def test_a_runs_time_is_all_its_cells_times_the_rounds(catalogue: Catalogue) -> None:
    of = cell(catalogue, "hypercorn-asyncio", "direct", "h2")
    assert expected_total_s([of, of], catalogue, 3, STACK_S) == pytest.approx(6 * (STACK_S + 0.85))
