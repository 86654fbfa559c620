"""A worker's jobs: one function for each kind of load, whatever client carries its requests."""

from __future__ import annotations

import gc
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing
from typing import Generic, TypeVar

from topolab.drivers.loops.client import E, Pool, Tally, clock
from topolab.drivers.loops.closed import run_closed
from topolab.drivers.loops.ids import Ids
from topolab.drivers.loops.mixed import run_mixed
from topolab.drivers.loops.open import run_open
from topolab.drivers.loops.page import run_page
from topolab.drivers.loops.results import (
    Span,
    Spent,
    closed_measurement,
    mixed_measurement,
    open_measurement,
    page_measurement,
)
from topolab.drivers.protocol import Job
from topolab.drivers.worker import Gate, LoadError
from topolab.model.contract import WARM_UP_PATH
from topolab.model.measurement import Measurement
from topolab.model.profile import ClosedLoad, Lanes, MixedLoad, OpenLoad, PageLoad
from topolab.model.target import Target

L = TypeVar("L")


class Client(ABC, Generic[E]):
    """What carries requests: makes pools of connections, and counts what came back."""

    name: str
    """The subject of a sentence about it."""

    @abstractmethod
    def pool(self, target: Target, path: str, ids: Ids, lanes: Lanes, timeout_s: float, *, exact: bool) -> Pool[E]:
        """Connections for requests to `path`; with `exact`, they wait for less than a millisecond too."""

    @abstractmethod
    def tally(self, body: str, ids: Ids) -> Tally[E]:
        """Counts that hold every answer against `body`."""

    def do(self, job: Job, gate: Gate) -> Measurement:
        """Make one job's load."""
        match job.profile:
            case ClosedLoad():
                return self._closed(job.target, job.profile, gate)
            case OpenLoad():
                return self._open(job.target, job.profile, gate)
            case MixedLoad():
                return self._mixed(job.target, job.profile, gate)
            case PageLoad():
                return self._page(job.target, job.profile, gate)
            case profile:
                raise LoadError(f"{self.name} makes no load of the kind {profile.kind!r}")

    def _closed(self, target: Target, profile: ClosedLoad, gate: Gate) -> Measurement:
        ids = Ids()
        with closing(self._pool(target, profile, ids)) as pool:

            def load(seconds: float) -> tuple[Tally[E], Span]:
                tally = self.tally(profile.body, ids)
                return tally, run_closed(pool, tally, duration_s=seconds, timeout_s=profile.timeout_s)

            if profile.warm_up_s > 0:
                load(profile.warm_up_s)
            (tally, span), spent = _measured(pool, lambda: load(profile.duration_s), gate)
            tally.bad += pool.strays
            return closed_measurement(tally, span, spent)

    def _open(self, target: Target, profile: OpenLoad, gate: Gate) -> Measurement:
        ids = Ids()
        rate, timeout_s = profile.rate_per_s, profile.timeout_s
        with closing(self._pool(target, profile, ids)) as pool:

            def load(seconds: float) -> tuple[Tally[E], Span]:
                tally = self.tally(profile.body, ids)
                return tally, run_open(pool, tally, rate_per_s=rate, duration_s=seconds, timeout_s=timeout_s)

            if profile.warm_up_s > 0:
                self._connect(pool, target, profile)
                load(profile.warm_up_s)
            (tally, span), spent = _measured(pool, lambda: load(profile.duration_s), gate)
            offered = _offered(tally)
            tally.bad += pool.strays
            return open_measurement(tally, span, spent, offered=offered)

    def _mixed(self, target: Target, profile: MixedLoad, gate: Gate) -> Measurement:
        ids = Ids()
        rate, timeout_s, part = profile.rate_per_s, profile.timeout_s, profile.slow
        slow_path = ids.filler(part.path)
        with closing(self._pool(target, profile, ids)) as pool:

            def load(seconds: float) -> tuple[Tally[E], Tally[E], Span]:
                fast, slow = self.tally(profile.body, ids), self.tally(part.body, ids)
                limits = {"rate_per_s": rate, "duration_s": seconds, "timeout_s": timeout_s}
                return fast, slow, run_mixed(pool, fast, slow, part, slow_path, **limits)

            if profile.warm_up_s > 0:
                self._connect(pool, target, profile)
                load(profile.warm_up_s)
            (fast, slow, span), spent = _measured(pool, lambda: load(profile.duration_s), gate)
            offered = _offered(fast)
            fast.bad += pool.strays
            return mixed_measurement(fast, slow, span, spent, offered=offered)

    def _page(self, target: Target, profile: PageLoad, gate: Gate) -> Measurement:
        ids = Ids()
        lanes = Lanes(1)
        with closing(self.pool(target, WARM_UP_PATH, ids, lanes, profile.timeout_s, exact=False)) as pool:
            run_page(pool, self.tally("", ids), requests=1, timeout_s=profile.timeout_s)
        # A new pool has no connections and no TLS sessions: the page starts cold.
        with closing(self._pool(target, profile, ids)) as pool:
            tally = self.tally(profile.body, ids)

            def load() -> Span:
                return run_page(pool, tally, requests=profile.requests, timeout_s=profile.timeout_s)

            span, spent = _measured(pool, load, gate)
            tally.bad += pool.strays
            return page_measurement(tally, span, spent)

    def _pool(self, target: Target, profile: ClosedLoad | OpenLoad | MixedLoad | PageLoad, ids: Ids) -> Pool[E]:
        lanes = profile.lanes(target.client_protocol.protocol)
        exact = isinstance(profile, OpenLoad | MixedLoad)
        return self.pool(target, profile.path, ids, lanes, profile.timeout_s, exact=exact)

    def _connect(self, pool: Pool[E], target: Target, profile: OpenLoad | MixedLoad) -> None:
        """Send a request on every connection: a low rate might leave some of them unopened."""
        lanes = profile.lanes(target.client_protocol.protocol)
        run_page(pool, self.tally("", Ids()), requests=lanes.connections, timeout_s=profile.timeout_s)


def _offered(tally: Tally[E]) -> int:
    return len(tally.good_at) + sum(tally.bad.values())


def _measured(pool: Pool[E], load: Callable[[], L], gate: Gate) -> tuple[L, Spent]:
    """Run the load between the harness's two readings of the server's counters."""
    gc.collect()
    gate.warm()
    gc.disable()  # nothing in the load makes reference cycles, and a collection would be a pause
    try:
        wall, cpu = clock(), time.process_time()
        pool.strays.clear()
        done = load()
        spent = Spent(cpu_s=time.process_time() - cpu, wall_s=clock() - wall)
    finally:
        gc.enable()
    gate.loaded()
    return done, spent
