"""What the loops need of a client: exchanges that take one request after another, and counts of what they came to."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from array import array
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from topolab.model import contract

WITHOUT_LOCATION = "202 without a location"
"""The fault of an answer that hands a request over without saying where its result will be."""
clock = time.perf_counter
"""The clock of all times in a load, in seconds."""


class Exchange:
    """A request slot of a connection, and what its last request came to."""

    __slots__ = ("began", "done_at", "give_up_at", "in_flight", "number", "sent_at")

    def __init__(self) -> None:
        self.number = 0
        self.began = 0.0  # latency is counted from here
        self.sent_at = 0.0
        self.done_at = 0.0
        self.give_up_at = 0.0  # when its request's own timeout ends; 0 without one
        self.in_flight = False


E = TypeVar("E", bound=Exchange)


class Pool(ABC, Generic[E]):
    """All connections of one load, and their exchanges, ordered so that neighbours are on different connections.

    There are as many exchanges as there may be requests in flight.
    """

    base_url: str
    strays: Counter[str]
    """What came that no request had asked for, by fault."""
    exchanges: Sequence[E]

    @abstractmethod
    def start(self, exchange: E, number: int, began: float, path: str = "", give_up_at: float = 0.0) -> None:
        """Send request `number`, its latency counted from `began`.

        `path` replaces the pool's own path, and the moment `give_up_at` replaces the pool's timeout.
        """

    @abstractmethod
    def turn(self, until: float) -> Sequence[E]:
        """Work until an exchange has finished, at most until `until`; return those that have.

        It may return early, and with none. The result is valid until the next turn.
        """

    @abstractmethod
    def give_up(self, but: Collection[E] = ()) -> Sequence[E]:
        """Abort the requests in flight, except those of `but`; return their exchanges, which are free now."""

    @abstractmethod
    def close(self) -> None:
        """Give up what is in flight and close every connection."""


class Tally(ABC, Generic[E]):
    """The counts of one load.

    `good_at` has the times, on `clock`, when good responses were complete. `took_us` has the microseconds from an
    exchange's `began`, for good responses and for requests without an answer.
    """

    def __init__(self) -> None:
        self.good_at = array("d")
        self.took_us = array("q")
        self.bad: Counter[str] = Counter()

    @abstractmethod
    def take(self, exchange: E) -> str:
        """Count a finished exchange; return the location to poll if it was answered 202, else an empty string.

        Only protocols and connections of a 202 are counted: the last answer decides whether the request was good.
        """

    @abstractmethod
    def seen(self) -> Seen:
        """What the answers so far have shown of the hops."""

    def timed_out(self, exchange: E) -> None:
        """Count a request without a final answer within its timeout."""
        self.bad[contract.TIMED_OUT] += 1
        self.took_us.append(int((exchange.done_at - exchange.began) * 1e6))

    def unanswered(self, began: float, now: float) -> None:
        """Count a request that was due at `began` and had no answer by `now`."""
        self.bad[contract.UNANSWERED] += 1
        self.took_us.append(int((now - began) * 1e6))


@dataclass(frozen=True, slots=True)
class Seen:
    """The protocols, connections and origin's peers that a load's answers showed.

    `peers` is None if an answer did not name one.
    """

    client_protocols: Counter[str]
    origin_protocols: Counter[str]
    connections: frozenset[Hashable]
    peers: frozenset[str] | None

    def __or__(self, other: Seen) -> Seen:
        """What both have seen."""
        return Seen(
            self.client_protocols + other.client_protocols,
            self.origin_protocols + other.origin_protocols,
            self.connections | other.connections,
            None if self.peers is None or other.peers is None else self.peers | other.peers,
        )
