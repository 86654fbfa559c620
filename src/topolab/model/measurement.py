"""A measurement: the result of one load, as counted by the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The result of one load, as counted by the client. A figure that the profile does not give is None.

    `seconds` is the time over which good responses were counted; `series` counts them in slices of
    `series_slice_s`. `client_protocols` and `origin_protocols` count responses by the protocol seen on the
    client's hop and by the app, or are None if the driver sees no headers. `origin_connections` is None if the server
    hides its peer's port. `finish_seconds` is the time from a counted load's first connection to its last response.

    In a mixed load, the good responses, the series and the figures are those of the fast requests. `slow_responses`
    counts good responses to slow requests; bad ones are listed with the others as `slow: ...`.
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
