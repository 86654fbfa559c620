"""Turns the counts of one load into a `Measurement`."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from topolab.drivers.curl.responses import Tally
from topolab.drivers.latency import SERIES_SLICE_S, latency_histogram, percentiles_ms
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


def closed_measurement(tally: Tally, span: Span, spent: Spent) -> Measurement:
    """The rate of good responses within the window; no latency, which a closed loop cannot give."""
    seconds = span.window_closed - span.began
    in_window = bisect_right(tally.good_at, span.window_closed)
    fields = _common(tally, span, spent)
    return Measurement(**fields, seconds=seconds, requests_per_second=in_window / seconds)


def open_measurement(tally: Tally, span: Span, spent: Spent, *, offered: int) -> Measurement:
    """Percentiles from the planned send times; the rate is over the time until the last response."""
    seconds = max(span.ended, span.window_closed) - span.began
    return Measurement(
        **_common(tally, span, spent),
        seconds=seconds,
        requests_per_second=len(tally.good_at) / seconds,
        **percentiles_ms(latency_histogram(tally.took_us)),
        offered_requests=offered,
    )


def mixed_measurement(fast: Tally, slow: Tally, span: Span, spent: Spent, *, offered: int) -> Measurement:
    """The open loop's figures for the fast requests; for the slow ones, how many were good in all and per second."""
    fast_measurement = open_measurement(fast, span, spent, offered=offered)
    ended = span.began + fast_measurement.seconds
    slow_in_time = bisect_right(slow.good_at, ended) - bisect_left(slow.good_at, span.began)
    every_peer_known = fast.every_peer_known and slow.every_peer_known and fast.good_at
    return replace(
        fast_measurement,
        bad_responses={**fast.bad, **{f"slow: {fault}": number for fault, number in slow.bad.items()}},
        slow_responses=len(slow.good_at),
        slow_requests_per_second=slow_in_time / fast_measurement.seconds,
        client_connections=len(fast.connections | slow.connections),
        client_protocols=dict(fast.client_protocols + slow.client_protocols),
        origin_protocols=dict(fast.origin_protocols + slow.origin_protocols),
        origin_connections=len(fast.peers | slow.peers) if every_peer_known else None,
    )


def page_measurement(tally: Tally, span: Span, spent: Spent) -> Measurement:
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


def _common(tally: Tally, span: Span, spent: Spent) -> dict[str, Any]:
    peers_known = bool(tally.good_at) and tally.every_peer_known
    return {
        "good_responses": len(tally.good_at),
        "bad_responses": dict(tally.bad),
        "responses_in_window": bisect_right(tally.good_at, span.window_closed),
        "client_cpu_s": spent.cpu_s,
        "client_wall_s": spent.wall_s,
        "client_connections": len(tally.connections),
        "client_protocols": dict(tally.client_protocols),
        "origin_protocols": dict(tally.origin_protocols),
        "origin_connections": len(tally.peers) if peers_known else None,
        "series_slice_s": SERIES_SLICE_S,
        "series": series(tally.good_at, span),
        "histogram": latency_histogram(tally.took_us).encode().decode("ascii"),
    }
