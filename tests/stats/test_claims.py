"""A claim's verdict follows only from intervals and noise."""

from __future__ import annotations

from typing import Any

import pytest

from support.made_run import FAILURE, PROFILES, cell, rates, rounds
from topolab.errors import InputError
from topolab.model.cell import Cell, Plan
from topolab.model.claim import Check, Claim
from topolab.model.outcome import Observation
from topolab.model.protocol import ClientProtocol
from topolab.stats.claims import Verdict, judge
from topolab.stats.summary import RunSummary, summarise

H1 = cell(protocol=ClientProtocol.HTTP1)
H2 = cell()
RATE = "requests_per_second"


def run_of(*observed: list[Observation]) -> RunSummary:
    return summarise(Plan((H1, H2), ()), [o for some in observed for o in some], PROFILES)


def verdict(summary: RunSummary, *checks: dict[str, Any]) -> Verdict:
    claim = Claim(said="something", checks=tuple(Check(**{"cell": H2.id, "figure": RATE, **check}) for check in checks))
    return judge(claim, summary)[0]


SLOWER = run_of(rates(H1, 100.0, 101.0, 99.0), rates(H2, 50.0, 51.0, 49.0))
LEVEL = run_of(rates(H1, 100.0, 90.0, 99.0), rates(H2, 99.0, 91.0, 101.0))


@pytest.mark.parametrize(
    ("summary", "check", "expected"),
    [
        (SLOWER, {"less_than": H1.id}, Verdict.HOLDS),
        (SLOWER, {"more_than": H1.id}, Verdict.FAILS),
        (LEVEL, {"less_than": H1.id}, Verdict.OPEN),
        (LEVEL, {"more_than": H1.id}, Verdict.OPEN),
        (SLOWER, {"about": 50.0, "within": 0.03}, Verdict.HOLDS),
        (SLOWER, {"about": 50.0, "within": 0.01}, Verdict.OPEN),
        (SLOWER, {"about": 60.0, "within": 0.03}, Verdict.FAILS),
        (SLOWER, {"about": 40.0, "within": 0.03}, Verdict.FAILS),
    ],
)
def test_a_single_check(summary: RunSummary, check: dict[str, Any], expected: Verdict) -> None:
    assert verdict(summary, check) is expected


def test_a_single_round_shows_no_difference() -> None:
    assert verdict(run_of(rates(H1, 100.0), rates(H2, 50.0)), {"less_than": H1.id}) is Verdict.OPEN


def test_the_weakest_check_decides() -> None:
    holds, fails, is_open = {"less_than": H1.id}, {"more_than": H1.id}, {"about": 50.0, "within": 0.01}
    assert verdict(SLOWER, holds, is_open) is Verdict.OPEN
    assert verdict(SLOWER, holds, is_open, fails) is Verdict.FAILS
    assert verdict(SLOWER, holds, {"cell": H1.id, "figure": "p99_ms", "about": 1.0}) is Verdict.NOT_MEASURED


@pytest.mark.parametrize("check", [{"less_than": H2.id, "cell": H1.id}, {"cell": H1.id, "about": 1.0}])
def test_a_failed_cell_leaves_a_claim_unmeasured(check: dict[str, Any]) -> None:
    failed: Cell = H1
    assert verdict(run_of(rounds(failed, FAILURE), rates(H2, 1.0, 1.0)), check) is Verdict.NOT_MEASURED


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (
            {"cell": "no/such/cell", "about": 1.0},
            "the run has no cell no/such/cell; claims are about the ",
        ),
        ({"less_than": "no/such"}, "the run has no cell no/such; "),
        ({"figure": "speed", "about": 1.0}, f"{H2.id}: unknown figure 'speed'; expected one of requests_per_second, "),
        ({}, f"{H2.id}: requests_per_second needs one of less_than, more_than and about"),
        ({"less_than": H1.id, "about": 1.0}, f"{H2.id}: requests_per_second needs one of "),
    ],
)
def test_an_impossible_check_is_refused(check: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        verdict(SLOWER, check)
    assert str(refused.value).startswith(message)
