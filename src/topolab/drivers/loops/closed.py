"""The closed loop: every exchange sends its next request as soon as its response is in."""

from __future__ import annotations

from collections import deque

from topolab.drivers.loops.client import E, Pool, Tally, clock
from topolab.drivers.loops.parked import Parked
from topolab.drivers.loops.results import Span

# libcurl ends each request at its timeout, and so the drain; this is the limit for a drain that does not end.
_GRACE_S = 1.0


def run_closed(pool: Pool[E], tally: Tally[E], *, duration_s: float, timeout_s: float) -> Span:
    """Keep as many requests in flight as the pool has exchanges for `duration_s`, then wait for them.

    A parked request counts as in flight, so an exchange waits for it, or for another that is due first.
    """
    began = clock()
    deadline = began + duration_s
    limit = deadline + timeout_s + _GRACE_S
    number = in_flight = len(pool.exchanges)
    for index, exchange in enumerate(pool.exchanges, 1):
        pool.start(exchange, index, clock())
    parked = Parked(pool, tally, timeout_s)
    idle: deque[E] = deque()
    turn, start, take = pool.turn, pool.start, tally.take
    now = began
    while in_flight and now < limit:
        for exchange in turn(parked.due_at if idle else limit):
            location = take(exchange)
            now = exchange.done_at
            if location and parked.keep(exchange, location):
                idle.append(exchange)
            elif now < deadline:
                number += 1
                start(exchange, number, clock())
            else:
                in_flight -= 1
        now = clock()
        while idle and parked.due_at <= now:
            parked.resume(idle.popleft())
    for exchange in pool.give_up():
        tally.unanswered(exchange.began, now)
    parked.give_up(now)
    return Span(began, deadline, now)
