"""The arithmetic of a load's results, without any network."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import replace

import pytest
from hdrh.histogram import HdrHistogram

from topolab.drivers.loops.client import Exchange, Seen, Tally
from topolab.drivers.loops.open import planned_requests
from topolab.drivers.loops.results import (
    Span,
    Spent,
    closed_measurement,
    mixed_measurement,
    open_measurement,
    page_measurement,
    series,
)

H2, HTTP1 = Counter({"h2": 4}), Counter({"http/1.1": 4})


class Counts(Tally[Exchange]):
    """Counts that a test fills in."""

    shown = Seen(H2, HTTP1, frozenset({(0, 1)}), frozenset({"1000", "1001"}))

    def take(self, exchange: Exchange) -> str:
        raise NotImplementedError

    def seen(self) -> Seen:
        return self.shown


@pytest.mark.parametrize(
    ("rate_per_s", "duration_s", "planned"), [(200, 1, 200), (30, 0.1, 3), (0.5, 1, 1), (10, 0.25, 3), (1e-9, 1, 1)]
)
def test_the_requests_due_in_a_time_are_those_before_its_end(
    rate_per_s: float, duration_s: float, planned: int
) -> None:
    assert planned_requests(rate_per_s, duration_s) == planned


@pytest.mark.parametrize(
    ("window_s", "expected"), [(0.3, (2, 0, 1)), (0.25, (2, 0, 0)), (0.7, (2, 0, 1, 0, 0, 0, 1)), (0.0, (0,))]
)
def test_a_series_counts_slices_of_the_window(window_s: float, expected: tuple[int, ...]) -> None:
    good_at = array("d", [10.01, 10.05, 10.26, 10.65])

    assert series(good_at, Span(10.0, 10.0 + window_s, 11.0)) == expected


def test_a_closed_measurement_leaves_what_came_after_the_window_out_of_the_rate() -> None:
    seen = closed_measurement(_tally(), Span(10.0, 10.2, 10.4), Spent(0.1, 0.4))

    assert (seen.good_responses, seen.responses_in_window, seen.seconds) == (3, 2, pytest.approx(0.2))
    assert seen.requests_per_second == pytest.approx(10)
    assert (seen.origin_connections, seen.bad_responses) == (2, {"status 502": 1})


def test_an_open_measurement_is_over_the_time_until_the_last_response() -> None:
    late = open_measurement(_tally(), Span(10.0, 10.2, 10.4), Spent(0.1, 0.4), offered=4)
    early = open_measurement(_tally(), Span(10.0, 10.5, 10.4), Spent(0.1, 0.4), offered=4)

    assert (late.seconds, early.seconds) == (pytest.approx(0.4), pytest.approx(0.5))
    assert late.requests_per_second == pytest.approx(7.5)
    assert (late.p50_ms, late.offered_requests) == (2.0, 4)
    assert HdrHistogram.decode(late.histogram).get_total_count() == 3


def test_a_mixed_measurement_has_the_open_loops_figures_for_fast_requests_and_counts_slow_ones() -> None:
    fast, slow, span, spent = _tally(), _tally(), Span(10.0, 10.2, 10.4), Spent(0.1, 0.4)
    slow.good_at = array("d", [9.9, 10.2, 10.4, 10.6])
    slow.bad = Counter({"timed out": 2, "status 502": 1})
    slow.shown = Seen(H2, HTTP1, frozenset({(0, 1), (1, 1)}), frozenset({"1001", "1002", "1003"}))
    fast.shown = Seen(H2, HTTP1, frozenset({(0, 1)}), frozenset({"1000", "1001"}))
    alone = open_measurement(fast, span, spent, offered=4)

    together = mixed_measurement(fast, slow, span, spent, offered=4)

    assert together == replace(
        alone,
        bad_responses={"status 502": 1, "slow: timed out": 2, "slow: status 502": 1},
        slow_responses=4,
        slow_requests_per_second=2 / alone.seconds,  # two of them ended within the time of the fast
        client_connections=2,
        client_protocols={"h2": 8},
        origin_protocols={"http/1.1": 8},
        origin_connections=4,
    )


def test_a_page_measurement_has_a_time_only_if_no_response_is_bad() -> None:
    bad, good = _tally(), _tally()
    good.bad.clear()
    span = Span(10.0, 10.3, 10.3)

    assert page_measurement(bad, span, Spent(0, 0)).page_seconds is None
    assert page_measurement(good, span, Spent(0, 0)).page_seconds == pytest.approx(0.3)
    assert page_measurement(good, span, Spent(0, 0)).responses_in_window == 3


def test_one_response_without_a_peer_makes_the_origins_connections_unknown() -> None:
    tally = _tally()
    tally.shown = replace(tally.shown, peers=None)

    assert closed_measurement(tally, Span(10.0, 10.2, 10.4), Spent(0, 0)).origin_connections is None


def _tally() -> Counts:
    """Three good responses and a bad one."""
    tally = Counts()
    tally.good_at = array("d", [10.1, 10.15, 10.3])
    tally.took_us = array("q", [1000, 2000, 3000])
    tally.bad = Counter({"status 502": 1})
    return tally
