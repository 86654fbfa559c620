"""Turns the counts of one load into a `Measurement`."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from topolab.drivers.latency import SERIES_SLICE_S, latency_histogram, percentiles_ms
from topolab.drivers.loops.client import E, Seen, Tally
from topolab.model.measurement import Measurement


@dataclass(frozen=True, slots=True)
class Span:
    """When, on the loop's clock, a load began, when its window closed, and when its last response was in."""

    began: float
    window_closed: float
    ended: float


@dataclass(frozen=True, slots=True)
class Spent:
    """What the client itself used during the load."""

    cpu_s: float
    wall_s: float


def closed_measurement(tally: Tally[E], span: Span, spent: Spent) -> Measurement:
    """The rate of good responses within the window; no latency, which a closed loop cannot give."""
    seconds = span.window_closed - span.began
    in_window = bisect_right(tally.good_at, span.window_closed)
    fields = _common(tally, span, spent)
    return Measurement(**fields, seconds=seconds, requests_per_second=in_window / seconds)


def open_measurement(tally: Tally[E], span: Span, spent: Spent, *, offered: int) -> Measurement:
    """Percentiles from the planned send times; the rate is over the time until the last response."""
    seconds = max(span.ended, span.window_closed) - span.began
    return Measurement(
        **_common(tally, span, spent),
        seconds=seconds,
        requests_per_second=len(tally.good_at) / seconds,
        **percentiles_ms(latency_histogram(tally.took_us)),
        offered_requests=offered,
    )


def mixed_measurement(fast: Tally[E], slow: Tally[E], span: Span, spent: Spent, *, offered: int) -> Measurement:
    """The open loop's figures for the fast requests; for the slow ones, how many were good in all and per second."""
    fast_measurement = open_measurement(fast, span, spent, offered=offered)
    ended = span.began + fast_measurement.seconds
    slow_in_time = bisect_right(slow.good_at, ended) - bisect_left(slow.good_at, span.began)
    return replace(
        fast_measurement,
        bad_responses={**fast.bad, **{f"slow: {fault}": number for fault, number in slow.bad.items()}},
        slow_responses=len(slow.good_at),
        slow_requests_per_second=slow_in_time / fast_measurement.seconds,
        **_hops(fast.seen() | slow.seen()),
    )


def page_measurement(tally: Tally[E], span: Span, spent: Spent) -> Measurement:
    """The seconds until the page's last response; None if any of its responses was bad."""
    seconds = span.ended - span.began
    page_seconds = None if tally.bad else seconds
    return Measurement(**_common(tally, span, spent), seconds=seconds, page_seconds=page_seconds)


def series(good_at: array[float], span: Span) -> tuple[int, ...]:
    """Good responses in each slice of the window; the last slice may be a short one."""
    # Rounded first: 0.3 / 0.1 is a little less than 3, and 0.7 / 0.1 a little less than 7.
    window_s = span.window_closed - span.began
    slices = max(1, -int(-round(window_s / SERIES_SLICE_S, 6) // 1))
    edges = [bisect_left(good_at, span.began + index * SERIES_SLICE_S) for index in range(slices)]
    edges.append(bisect_right(good_at, span.window_closed))
    return tuple(after - before for before, after in pairwise(edges))


def _common(tally: Tally[E], span: Span, spent: Spent) -> dict[str, Any]:
    return {
        "good_responses": len(tally.good_at),
        "bad_responses": dict(tally.bad),
        "responses_in_window": bisect_right(tally.good_at, span.window_closed),
        "client_cpu_s": spent.cpu_s,
        "client_wall_s": spent.wall_s,
        **_hops(tally.seen()),
        "series_slice_s": SERIES_SLICE_S,
        "series": series(tally.good_at, span),
        "histogram": latency_histogram(tally.took_us).encode().decode("ascii"),
    }


def _hops(seen: Seen) -> dict[str, Any]:
    return {
        "client_connections": len(seen.connections),
        "client_protocols": dict(seen.client_protocols),
        "origin_protocols": dict(seen.origin_protocols),
        "origin_connections": None if seen.peers is None else len(seen.peers),
    }
