"""The table of figures is complete for every kind of load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from support.made_run import PROFILES, cell, measured, mixed
from topolab.errors import InputError
from topolab.model.outcome import Measured
from topolab.stats.figures import FIGURES, Figure, by_name, figure_tables, figures, headlines


def no_spam(_: Measured) -> float:
    raise ValueError("no\nspam")


def test_every_kind_of_load_has_one_headline() -> None:
    kinds = [kind for figure in FIGURES.values() for kind in figure.headline_of]
    assert sorted(kinds) == sorted(headlines())
    assert {profile.kind for profile in PROFILES.values()} <= set(kinds)


def test_every_compared_figure_declares_the_title_of_its_change() -> None:
    compared = [figure for figure in FIGURES.values() if figure.headline_of or figure.changes_shown]
    assert [figure.name for figure in compared if not figure.change] == []


def test_figures_are_shown_only_next_to_headlines() -> None:
    known = {figure.name for figure in headlines().values()}
    assert {name for figure in FIGURES.values() for name in figure.next_to} <= known


def test_the_figures_of_one_observation() -> None:
    found = figures(mixed(cell(topology="alb"), p99_ms=3.0), "spam")
    assert found == {
        "requests_per_second": 100.0,
        "page_seconds": None,
        "finish_seconds": None,
        "p50_ms": 1.0,
        "p90_ms": 2.0,
        "p99_ms": 3.0,
        "slow_requests_per_second": 16.0,
        "server_cpu_us_per_request": 0.9e6 / 500,  # per good response: 400 fast ones and 100 slow ones
        "proxy_cpu_us_per_request": 0.2e6 / 500,
        "client_cpu_us_per_request": 0.5e6 / 500,
        "server_memory_peak_bytes": 50 * 2**20,
    }


def test_a_load_without_a_good_response_has_no_cpu_per_response() -> None:
    found = figures(measured(cell(), good_responses=0), "spam")
    assert (found["server_cpu_us_per_request"], found["client_cpu_us_per_request"]) == (None, None)


def test_related_figures_share_a_table() -> None:
    assert {table.name: [figure.name for figure in shared] for table, shared in figure_tables().items()} == {
        "latency": ["p50_ms", "p90_ms", "p99_ms"],
        "slow": ["slow_requests_per_second"],
        "cpu": ["server_cpu_us_per_request", "proxy_cpu_us_per_request"],
        "memory": ["server_memory_peak_bytes"],
    }


def test_zero_ranks_first_where_less_is_better_and_last_where_more_is() -> None:
    small, large = FIGURES["p50_ms"], FIGURES["requests_per_second"]
    assert small.goodness(0.0) > small.goodness(0.1) > small.goodness(0.2)
    assert large.goodness(0.0) < large.goodness(0.1) < large.goodness(0.2)


def test_two_figures_of_one_name_are_refused() -> None:
    first = FIGURES["p50_ms"]
    with pytest.raises(InputError) as refused:
        by_name(first, FIGURES["p90_ms"], replace(first, title="another"))
    assert str(refused.value) == "stats/figures.py: two figures are named 'p50_ms'; rename one of them"


@pytest.mark.parametrize(
    ("of", "error"),
    [
        (no_spam, "ValueError: no spam"),
        (lambda measured: measured.spam, "AttributeError: 'Measured' object has no attribute 'spam'"),
        (lambda _: "3", "it must return a number or None, not '3'"),
        (lambda _: True, "it must return a number or None, not True"),
    ],
    ids=["raises", "misspelt", "text", "truth"],
)
def test_a_figure_that_cannot_be_computed_is_named_with_its_cell(
    of: Callable[[Measured], float | None], error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FIGURES, "spam", Figure(name="spam", title="spam", unit="", of=of))
    with pytest.raises(InputError) as refused:
        figures(measured(cell()), cell().id)
    assert str(refused.value) == f"figure spam: `of` failed for the cell {cell().id}: {error}"
