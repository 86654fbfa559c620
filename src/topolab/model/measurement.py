"""A measurement: what one load gave, counted by the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one load run gave, counted by the client. None where the profile does not give a figure.

    `seconds` is the time the good responses were counted over; `series` counts them in slices of
    `series_slice_s`. `client_protocols` and `origin_protocols` count responses by the protocol seen on the
    client's hop and by the app, None where the driver sees no headers. `origin_connections` is None where a server
    hides its peer's port. `finish_seconds` are those from the first connection to the last response of a counted load.

    Of a mixed load the good responses, the series and the figures are the fast requests'; `slow_responses` are the
    good ones to slow requests, and the bad ones are among the others as `slow: ...`.
    """

    seconds: float
    good_responses: int
    bad_responses: Mapping[str, int]
    responses_in_window: int
    requests_per_second: float | None = None
    page_seconds: float | None = None
    finish_seconds: float | None = None
    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    offered_requests: int | None = None
    slow_responses: int | None = None
    slow_requests_per_second: float | None = None
    client_cpu_s: float = 0.0
    client_wall_s: float = 0.0
    client_connections: int = 0
    client_protocols: Mapping[str, int] = field(default_factory=dict)
    origin_protocols: Mapping[str, int] | None = field(default_factory=dict)
    origin_connections: int | None = None
    series_slice_s: float = 0.1
    series: tuple[int, ...] = ()
    histogram: str | None = None
