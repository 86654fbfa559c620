"""Requests that were answered 202, between two questions: each waits without an exchange, as in a browser.

A browser's connection is free while a page waits to ask again, so others may use it, and the next question goes out on
whichever is free then.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

import pycurl

from topolab.drivers.curl.multi import Exchange, Pool
from topolab.drivers.curl.responses import Tally

POLL_INTERVAL_S = 0.25
"""From a 202 to the next question: what the app contract's page waits too."""

_ELSEWHERE = "202 with a location that is not a path"
_PATH = re.compile(r"/(?!/)[!-~]*")
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class _Request:
    """A request whose answer has to be asked for at `path`; times on the loop's clock."""

    number: int
    began: float
    path: str
    ask_at: float
    give_up_at: float


class Parked:
    """The parked requests of one tally, the one that is due first at the front."""

    def __init__(self, pool: Pool, tally: Tally, timeout_s: float) -> None:
        self._pool = pool
        self._tally = tally
        self._timeout_s = timeout_s
        # All wait equally long, so they are due in the order they came.
        self._waiting: deque[_Request] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def due_at(self) -> float:
        """When the first is to be asked for again; infinity where there is none."""
        return self._waiting[0].ask_at if self._waiting else _NEVER

    def keep(self, exchange: Exchange, location: str) -> bool:
        """Park the request that was answered 202 with `location`; the exchange is free then.

        False, and counted as bad, where the location is not the target's own or no time is left to ask again.
        """
        path = location.removeprefix(self._pool.base_url)
        if not _PATH.fullmatch(path):
            self._tally.bad[_ELSEWHERE] += 1
            return False
        now = exchange.done_at
        # libcurl counts its timeout from the sending, which may be later than `began`.
        sent_at = now - exchange.easy.getinfo(pycurl.TOTAL_TIME)
        give_up_at = exchange.give_up_at or sent_at + self._timeout_s
        ask_at = now + POLL_INTERVAL_S
        if ask_at >= give_up_at:
            self._tally.timed_out(exchange)
            return False
        self._waiting.append(_Request(exchange.number, exchange.began, path, ask_at, give_up_at))
        return True

    def resume(self, exchange: Exchange) -> None:
        """Ask again for the first, on a free exchange."""
        request = self._waiting.popleft()
        self._pool.start(exchange, request.number, request.began, request.path, request.give_up_at)

    def give_up(self, now: float) -> None:
        """Count all that are left as unanswered."""
        while self._waiting:
            self._tally.unanswered(self._waiting.popleft().began, now)
