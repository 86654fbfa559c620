"""A page: a number of requests at once, over as many connections as a browser would use."""

from __future__ import annotations

from collections import deque

from topolab.drivers.loops.client import E, Pool, Tally, clock
from topolab.drivers.loops.parked import Parked
from topolab.drivers.loops.results import Span

_GRACE_S = 1.0  # as in the closed loop


def run_page(pool: Pool[E], tally: Tally[E], *, requests: int, timeout_s: float) -> Span:
    """Send `requests` requests, each as soon as an exchange is free; the span ends with the last response.

    All are ready from the start, so a request that was answered 202 polls after those not yet sent.
    """
    sent = answered = 0
    now = began = last = clock()
    waves = -(-requests // len(pool.exchanges))
    limit = began + waves * timeout_s + _GRACE_S
    parked = Parked(pool, tally, timeout_s)
    idle: deque[E] = deque()
    for exchange in pool.exchanges[:requests]:
        sent += 1
        pool.start(exchange, sent, began)
    while answered < requests and now < limit:
        for exchange in pool.turn(min(limit, parked.due_at) if idle else limit):
            location = tally.take(exchange)
            if not (location and parked.keep(exchange, location)):
                answered += 1
                last = exchange.done_at
            if sent < requests:
                sent += 1
                pool.start(exchange, sent, began)
            else:
                idle.append(exchange)
        now = clock()
        while idle and parked.due_at <= now:
            parked.resume(idle.popleft())
    pool.give_up()
    for _ in range(requests - answered):
        last = now
        tally.unanswered(began, now)
    return Span(began, last, last)
