"""Slow and fast requests together: an open loop of fast ones next to a closed loop of slow ones."""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import Generic

from topolab.drivers.loops.client import E, Pool, Tally, clock
from topolab.drivers.loops.ids import Filled
from topolab.drivers.loops.open import planned_requests
from topolab.drivers.loops.parked import Parked
from topolab.drivers.loops.results import Span
from topolab.model.profile import SlowPart

_GRACE_S = 1.0  # as in the closed loop


def run_mixed(
    pool: Pool[E],
    fast: Tally[E],
    slow: Tally[E],
    part: SlowPart,
    slow_path: Filled,
    *,
    rate_per_s: float,
    duration_s: float,
    timeout_s: float,
) -> Span:
    """Send fast requests at their rate, as the open loop does, while the slow requests of `part` are in flight.

    The span is that of the fast requests and begins when all slow ones have begun. Until the last fast request is over,
    a new slow request follows each that ends. Then the loop waits for the slow ones in flight.
    """
    mixture = _Mixture(pool, fast, slow, part, slow_path, timeout_s)
    total = planned_requests(rate_per_s, duration_s)
    sent = 0
    now = clock()
    began = mixture.begin(now)
    while now < began:
        mixture.resume(now)
        mixture.turn(began)
        now = clock()
    deadline = began + duration_s
    limit = deadline + timeout_s
    while mixture.answered < total and now < limit:
        mixture.resume(now)
        due = min(total, int((now - began) * rate_per_s) + 1)
        while sent < due and mixture.idle:
            pool.start(mixture.idle.popleft(), sent + 1, began + sent / rate_per_s)
            sent += 1
        next_due = began + sent / rate_per_s if sent < total and mixture.idle else limit
        mixture.turn(min(next_due, limit))
        now = clock()
    ended = now
    mixture.give_up_fast(now)
    for index in range(sent, total):
        fast.unanswered(began + index / rate_per_s, now)
    limit = now + timeout_s + _GRACE_S
    while mixture.slow_in_flight and now < limit:
        mixture.resume(now)
        mixture.turn(limit)
        now = clock()
    mixture.give_up_slow(now)
    return Span(began, deadline, ended)


class _Mixture(Generic[E]):
    """The exchanges in flight, parked and idle. `answered` counts the fast requests that are over."""

    def __init__(
        self, pool: Pool[E], fast: Tally[E], slow: Tally[E], part: SlowPart, slow_path: Filled, timeout_s: float
    ) -> None:
        self.answered = 0
        # First in, first out, as in the open loop; the first ones are spread evenly over the connections.
        self.idle = deque(pool.exchanges)
        self._pool = pool
        self._fast, self._slow, self._part, self._slow_path = fast, slow, part, slow_path
        self._parked_fast = Parked(pool, fast, timeout_s)
        self._parked_slow = Parked(pool, slow, timeout_s)
        self._with_slow: set[E] = set()
        self._numbers = count(1)
        self._begin_at: deque[float] = deque()
        self._fast_over = False

    @property
    def slow_in_flight(self) -> int:
        """How many slow requests wait for an answer or for their next poll."""
        return len(self._with_slow) + len(self._parked_slow)

    def begin(self, now: float) -> float:
        """Schedule the first slow requests, one after another from `now` on; return when all of them have begun."""
        step_s = self._part.spread_s / self._part.in_flight
        self._begin_at.extend(now + index * step_s for index in range(self._part.in_flight))
        return now + self._part.spread_s

    def resume(self, now: float) -> None:
        """Begin slow requests and poll for parked ones that are due, while there are free exchanges."""
        while self.idle and self._begin_at and self._begin_at[0] <= now:
            self._begin_at.popleft()
            self._start_slow(self.idle.popleft(), now)
        while self.idle and self._parked_slow.due_at <= now:
            self._with_slow.add(self.idle[0])
            self._parked_slow.resume(self.idle.popleft())
        while self.idle and self._parked_fast.due_at <= now:
            self._parked_fast.resume(self.idle.popleft())

    def turn(self, until: float) -> None:
        """Wait for responses until `until`, or until something is due for `resume`, and count them."""
        if self.idle:
            begin_at = self._begin_at[0] if self._begin_at else until
            until = min(until, begin_at, self._parked_slow.due_at, self._parked_fast.due_at)
        for exchange in self._pool.turn(until):
            if exchange in self._with_slow:
                self._take_slow(exchange)
            else:
                location = self._fast.take(exchange)
                self.idle.append(exchange)
                if not (location and self._parked_fast.keep(exchange, location)):
                    self.answered += 1

    def give_up_fast(self, now: float) -> None:
        """Count the remaining fast requests as unanswered, and start no more slow ones."""
        self._fast_over = True
        for exchange in self._pool.give_up(self._with_slow):
            self._fast.unanswered(exchange.began, now)
            self.idle.append(exchange)
        self._parked_fast.give_up(now)

    def give_up_slow(self, now: float) -> None:
        """Count the remaining slow requests as unanswered."""
        for exchange in self._pool.give_up():
            self._slow.unanswered(exchange.began, now)
        self._parked_slow.give_up(now)

    def _take_slow(self, exchange: E) -> None:
        self._with_slow.remove(exchange)
        location = self._slow.take(exchange)
        if (location and self._parked_slow.keep(exchange, location)) or self._fast_over:
            self.idle.append(exchange)
        else:
            self._start_slow(exchange, clock())

    def _start_slow(self, exchange: E, now: float) -> None:
        self._with_slow.add(exchange)
        number = next(self._numbers)
        self._pool.start(exchange, number, now, self._slow_path(number))
