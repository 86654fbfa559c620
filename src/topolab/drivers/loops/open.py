"""The open loop: requests are due at a fixed rate whatever the server does, and are late if it is."""

from __future__ import annotations

from collections import deque
from math import ceil

from topolab.drivers.loops.client import E, Pool, Tally, clock
from topolab.drivers.loops.parked import Parked
from topolab.drivers.loops.results import Span


def planned_requests(rate_per_s: float, duration_s: float) -> int:
    """The number of requests that are due in `duration_s`; the first is due at once."""
    # Rounded first, so that 0.1 s at 30 a second is 3 and not 4.
    return max(1, ceil(round(rate_per_s * duration_s, 6)))


def run_open(pool: Pool[E], tally: Tally[E], *, rate_per_s: float, duration_s: float, timeout_s: float) -> Span:
    """Send request k when k / `rate_per_s` seconds have passed, or as soon after that as an exchange is free.

    Latency is counted from when a request was due, so it includes the wait for a free exchange. Requests without an
    answer `timeout_s` after the end of `duration_s` are given up.
    """
    total = planned_requests(rate_per_s, duration_s)
    # First in, first out: the requests go round all connections, also when there are few of them.
    idle = deque(pool.exchanges)
    parked = Parked(pool, tally, timeout_s)
    sent = answered = 0
    now = began = clock()
    deadline = began + duration_s
    limit = deadline + timeout_s
    while answered < total and now < limit:
        while idle and parked.due_at <= now:
            parked.resume(idle.popleft())
        due = min(total, int((now - began) * rate_per_s) + 1)
        while sent < due and idle:
            pool.start(idle.popleft(), sent + 1, began + sent / rate_per_s)
            sent += 1
        next_due = began + sent / rate_per_s if sent < total and idle else limit
        for exchange in pool.turn(min(next_due, parked.due_at) if idle else limit):
            location = tally.take(exchange)
            idle.append(exchange)
            if not (location and parked.keep(exchange, location)):
                answered += 1
        now = clock()
    for exchange in pool.give_up():
        tally.unanswered(exchange.began, now)
    parked.give_up(now)
    for index in range(sent, total):
        tally.unanswered(began + index / rate_per_s, now)
    return Span(began, deadline, now)
