"""Requests that were answered 202, between two polls: each waits without an exchange, as in a browser.

A browser's connection is free while a page waits to poll again. Other requests may use it, and the next poll is sent on
any connection that is free then.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Generic

from topolab.drivers.loops.client import E, Pool, Tally

POLL_INTERVAL_S = 0.25
"""From a 202 to the next poll; the app's page waits as long."""

_ELSEWHERE = "202 with a location that is not a path"
_PATH = re.compile(r"/(?!/)[!-~]*")
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class _Request:
    """A request whose result is polled for at `path`; times are on the loop's clock."""

    number: int
    began: float
    path: str
    ask_at: float
    give_up_at: float


class Parked(Generic[E]):
    """The parked requests of one tally, in the order in which they are due."""

    def __init__(self, pool: Pool[E], tally: Tally[E], timeout_s: float) -> None:
        self._pool = pool
        self._tally = tally
        self._timeout_s = timeout_s
        # All wait equally long, so they are due in the order they came.
        self._waiting: deque[_Request] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def due_at(self) -> float:
        """When the first is due; infinity if there is none."""
        return self._waiting[0].ask_at if self._waiting else _NEVER

    def keep(self, exchange: E, location: str) -> bool:
        """Park a request that was answered 202 with `location`, which frees its exchange.

        Return False and count the request as bad if the location is not the target's or no time is left for a poll.
        """
        path = location.removeprefix(self._pool.base_url)
        if not _PATH.fullmatch(path):
            self._tally.bad[_ELSEWHERE] += 1
            return False
        # The timeout counts from the sending, which may be later than `began`.
        give_up_at = exchange.give_up_at or exchange.sent_at + self._timeout_s
        ask_at = exchange.done_at + POLL_INTERVAL_S
        if ask_at >= give_up_at:
            self._tally.timed_out(exchange)
            return False
        self._waiting.append(_Request(exchange.number, exchange.began, path, ask_at, give_up_at))
        return True

    def resume(self, exchange: E) -> None:
        """Poll for the first, on a free exchange."""
        request = self._waiting.popleft()
        self._pool.start(exchange, request.number, request.began, request.path, request.give_up_at)

    def give_up(self, now: float) -> None:
        """Count the remaining requests as unanswered."""
        while self._waiting:
            self._tally.unanswered(self._waiting.popleft().began, now)
