"""A page: so many requests at once, over as many connections as a browser would use."""

from __future__ import annotations

from topolab.drivers.curl.multi import Pool, clock
from topolab.drivers.curl.responses import Tally
from topolab.drivers.curl.results import Span

_GRACE_S = 1.0  # as in the closed loop


def run_page(pool: Pool, tally: Tally, *, requests: int, timeout_s: float) -> Span:
    """Send `requests` requests, each as soon as an exchange is free; the span ends with the last response."""
    sent = answered = 0
    now = began = last = clock()
    waves = -(-requests // len(pool.exchanges))
    limit = began + waves * timeout_s + _GRACE_S
    for exchange in pool.exchanges[:requests]:
        sent += 1
        pool.start(exchange, sent, began)
    while answered < requests and now < limit:
        for exchange in pool.turn(limit):
            tally.take(exchange)
            answered += 1
            last = exchange.done_at
            if sent < requests:
                sent += 1
                pool.start(exchange, sent, began)
        now = clock()
    for _ in range(requests - answered):
        last = now
        tally.unanswered(began, now)
    return Span(began, last, last)
