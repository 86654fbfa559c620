"""The closed loop: every exchange sends its next request as soon as its response is in."""

from __future__ import annotations

from topolab.drivers.curl.multi import Pool, clock
from topolab.drivers.curl.responses import Tally
from topolab.drivers.curl.results import Span

# libcurl ends each request at its own timeout, so the drain ends by itself; this is for one that does not.
_GRACE_S = 1.0


def run_closed(pool: Pool, tally: Tally, *, duration_s: float, timeout_s: float) -> Span:
    """Keep all of the pool's exchanges busy for `duration_s`, then wait for what is in flight."""
    began = clock()
    deadline = began + duration_s
    limit = deadline + timeout_s + _GRACE_S
    number = in_flight = len(pool.exchanges)
    for index, exchange in enumerate(pool.exchanges, 1):
        pool.start(exchange, index, clock())
    turn, start, take = pool.turn, pool.start, tally.take
    now = began
    while in_flight and now < limit:
        for exchange in turn(limit):
            take(exchange)
            now = exchange.done_at
            if now < deadline:
                number += 1
                start(exchange, number, clock())
            else:
                in_flight -= 1
        now = clock()
    for exchange in pool.in_flight():
        tally.unanswered(exchange.began, now)
    return Span(began, deadline, now)
