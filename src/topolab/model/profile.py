"""Load profiles: what the client does."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from topolab.model.declared import Count, Declared, Name, PositiveSeconds, Rate, Seconds, Text, UrlPath
from topolab.model.protocol import Protocol
from topolab.model.server import Interface
from topolab.model.users import UsersLoad

COUNTED_PER_S = 1500.0
"""How fast a counted load is expected to go, between a server in pure Python (1,000) and the others."""


@dataclass(frozen=True, slots=True)
class Lanes(Declared):
    """How many connections, and how many requests in flight on each (streams; 1 for HTTP/1.1)."""

    connections: Count
    streams: Count = 1

    @property
    def in_flight(self) -> int:
        """Requests in flight over all connections."""
        return self.connections * self.streams


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load(Declared):
    """What every load profile has. `{i}` in `path` and `body` is the request's id, which no other request has.

    `body` is the exact answer expected; any other response is bad.
    """

    name: Name
    summary: Text
    path: UrlPath
    body: str
    http1: Lanes
    multiplexed: Lanes
    timeout_s: PositiveSeconds = 10.0

    def lanes(self, protocol: Protocol) -> Lanes:
        """Connections and streams for a client speaking `protocol`."""
        return self.http1 if protocol is Protocol.HTTP1 else self.multiplexed

    def unfit(self) -> tuple[str, str] | None:
        """The key whose value does not fit the others, and what it must be; None if all fit."""
        return self._pipelined_by_mistake() or self._unequal_in_flight()

    def refusal(self, protocol: Protocol, interface: Interface) -> str:  # noqa: ARG002
        """Why it cannot be made over `protocol`, or with an app under `interface`; empty if it can."""
        return ""

    def pipelines(self, protocol: Protocol) -> bool:
        """Whether it has several requests in flight on one HTTP/1.1 connection."""
        return protocol is Protocol.HTTP1 and self.http1.streams > 1

    @property
    def reading(self) -> str:
        """How to read its figures; empty if the tables are enough."""
        return ""

    def _pipelined_by_mistake(self) -> tuple[str, str] | None:
        if self.http1.streams == 1:
            return None
        return "http1.streams", "must be 1: HTTP/1.1 has one request at a time on a connection"

    def _unequal_in_flight(self) -> tuple[str, str] | None:
        if self.http1.in_flight == self.multiplexed.in_flight:
            return None
        return "multiplexed", (
            f"connections x streams must be {self.http1.in_flight}, as on HTTP/1.1, not {self.multiplexed.in_flight}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _TimedLoad(_Load):
    """What loads of a fixed duration have in common."""

    warm_up_s: Seconds
    duration_s: PositiveSeconds

    def expected_s(self, protocol: Protocol) -> float:  # noqa: ARG002
        """About how long it takes: for estimates, not for figures."""
        return self.warm_up_s + self.duration_s

    @property
    def longest_s(self) -> float:
        """The longest it can take: one timeout for opening connections, and one at the end of each of its two parts."""
        return self.warm_up_s + self.duration_s + 3 * self.timeout_s

    @property
    def steady_rate(self) -> bool:
        """Whether the rate is measured, and should not change during the load."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLoad(_TimedLoad):
    """Closed loop: a fixed number in flight for a fixed time. Gives the ceiling, but no latency."""

    kind: Literal["closed"]
    driver: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLoad(_TimedLoad):
    """Open loop: a request every 1/rate seconds whatever happens; latency counts from the planned send time."""

    kind: Literal["open"]
    driver: Name
    rate_per_s: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowPart(Declared):
    """The slow requests of a mixed load: `in_flight` at any time, in a closed loop over all connections.

    Their starts are spread over `spread_s`, so that they do not all end at once if each takes that long.
    `{i}` in `path` and `body` is the slow request's id.
    """

    path: UrlPath
    body: str
    in_flight: Count
    spread_s: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedLoad(_TimedLoad):
    """An open loop of fast requests alongside the slow ones of `slow`; latency and rate are those of the fast ones."""

    kind: Literal["mixed"]
    driver: Name
    rate_per_s: Rate
    slow: SlowPart

    def unfit(self) -> tuple[str, str] | None:
        """Also require room for fast requests next to the slow ones."""
        return self._pipelined_by_mistake() or self._no_room_for_fast() or self._unequal_in_flight()

    def _no_room_for_fast(self) -> tuple[str, str] | None:
        if self.slow.in_flight < self.http1.in_flight:
            return None
        return "slow.in_flight", (
            f"must be below {self.http1.in_flight}, the connections x streams, to leave some for fast requests"
        )

    def expected_s(self, protocol: Protocol) -> float:  # noqa: ARG002
        """Includes the time for slow requests to begin before, and end after, both the warm-up and the load."""
        return self.warm_up_s + self.duration_s + 2 * (self.slow.spread_s + _delay_s(self.slow.path))

    @property
    def longest_s(self) -> float:
        """Includes starting slow requests before the fast ones, and waiting for them afterwards."""
        around_s = self.slow.spread_s + self.timeout_s
        return self.warm_up_s + self.duration_s + 3 * self.timeout_s + 2 * around_s

    @property
    def steady_rate(self) -> bool:
        """False: fast requests come at the offered rate, and a separate warning reports a shortfall."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLoad(_Load):
    """A page: `requests` at once by a browser's connection rule; the result is the seconds to the last response.

    The driver `browser` uses the browser's own rule; `http1` and `multiplexed` are what is expected of it, and
    `timeout_s` covers the whole page.
    """

    kind: Literal["page"]
    driver: Name
    requests: Count

    def unfit(self) -> tuple[str, str] | None:
        """Allow different numbers in flight on different protocols, as a browser's connection rule has."""
        return self._pipelined_by_mistake()

    def expected_s(self, protocol: Protocol) -> float:
        """Requests go out in waves of as many as can be in flight; each wave takes as long as the app waits."""
        return ceil(self.requests / self.lanes(protocol).in_flight) * _delay_s(self.path)

    @property
    def longest_s(self) -> float:
        """The longest it can take: every wave of requests times out, one after another."""
        return (ceil(self.requests / self.http1.in_flight) + 1) * self.timeout_s

    @property
    def steady_rate(self) -> bool:
        """False: it has no rate."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLoad(_Load):
    """A fixed number of requests over cold connections, as fast as possible: the result includes handshakes.

    `timeout_s` covers them all. Several streams under HTTP/1.1 mean pipelining here.
    """

    kind: Literal["count"]
    driver: Name
    requests: Count

    def unfit(self) -> tuple[str, str] | None:
        """Accept everything: it may pipeline, and may have any numbers of connections and streams."""
        return None

    def expected_s(self, protocol: Protocol) -> float:  # noqa: ARG002
        """The time at a rate that is expected of any server."""
        return self.requests / COUNTED_PER_S

    @property
    def longest_s(self) -> float:
        """Its timeout, which covers the whole load."""
        return self.timeout_s

    @property
    def steady_rate(self) -> bool:
        """False: its rate includes handshakes."""
        return False


def _delay_s(path: str) -> float:
    """How long the app waits before it answers `path`."""
    return float(parse_qs(urlsplit(path).query).get("delay", ["0"])[0])


RequestLoad = ClosedLoad | OpenLoad | MixedLoad | PageLoad | CountLoad
"""The loads that repeat the same requests."""
LoadProfile = RequestLoad | UsersLoad
AnyLoad = Annotated[LoadProfile, Field(discriminator="kind")]
"""A profile as pydantic reads it."""
