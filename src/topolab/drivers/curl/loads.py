"""The worker's jobs: one function for each kind of load that libcurl makes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import closing

from topolab.drivers.curl.closed import run_closed
from topolab.drivers.curl.mixed import run_mixed
from topolab.drivers.curl.multi import Pool, clock
from topolab.drivers.curl.open import run_open
from topolab.drivers.curl.page import run_page
from topolab.drivers.curl.responses import Tally
from topolab.drivers.curl.results import (
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


def do(job: Job, gate: Gate) -> Measurement:
    """Make one job's load."""
    target, profile = job.target, job.profile
    match profile:
        case ClosedLoad():
            return _closed(target, profile, gate)
        case OpenLoad():
            return _open(target, profile, gate)
        case MixedLoad():
            return _mixed(target, profile, gate)
        case PageLoad():
            return _page(target, profile, gate)
        case _:
            raise LoadError(f"libcurl makes no load of the kind {profile.kind!r}")


def _closed(target: Target, profile: ClosedLoad, gate: Gate) -> Measurement:
    with closing(_pool(target, profile)) as pool:

        def load(seconds: float, tally: Tally) -> Span:
            return run_closed(pool, tally, duration_s=seconds, timeout_s=profile.timeout_s)

        if profile.warm_up_s > 0:
            load(profile.warm_up_s, Tally(profile.body))
        tally = Tally(profile.body)
        span, spent = _measured(lambda: load(profile.duration_s, tally), gate)
        return closed_measurement(tally, span, spent)


def _open(target: Target, profile: OpenLoad, gate: Gate) -> Measurement:
    with closing(_pool(target, profile)) as pool:

        def load(seconds: float, tally: Tally) -> Span:
            rate, timeout_s = profile.rate_per_s, profile.timeout_s
            return run_open(pool, tally, rate_per_s=rate, duration_s=seconds, timeout_s=timeout_s)

        if profile.warm_up_s > 0:
            _connect(pool, target, profile)
            load(profile.warm_up_s, Tally(profile.body))
        tally = Tally(profile.body)
        span, spent = _measured(lambda: load(profile.duration_s, tally), gate)
        return open_measurement(tally, span, spent, offered=_offered(tally))


def _mixed(target: Target, profile: MixedLoad, gate: Gate) -> Measurement:
    with closing(_pool(target, profile)) as pool:

        def load(seconds: float, fast: Tally, slow: Tally) -> Span:
            rate, timeout_s, part = profile.rate_per_s, profile.timeout_s, profile.slow
            return run_mixed(pool, fast, slow, part, rate_per_s=rate, duration_s=seconds, timeout_s=timeout_s)

        if profile.warm_up_s > 0:
            _connect(pool, target, profile)
            load(profile.warm_up_s, Tally(profile.body), Tally(profile.slow.body))
        fast, slow = Tally(profile.body), Tally(profile.slow.body)
        span, spent = _measured(lambda: load(profile.duration_s, fast, slow), gate)
        return mixed_measurement(fast, slow, span, spent, offered=_offered(fast))


def _page(target: Target, profile: PageLoad, gate: Gate) -> Measurement:
    with closing(Pool(target, WARM_UP_PATH, Lanes(1), profile.timeout_s)) as pool:
        run_page(pool, Tally(""), requests=1, timeout_s=profile.timeout_s)
    # A new pool has no connections and no TLS sessions: the page starts cold.
    with closing(_pool(target, profile)) as pool:
        tally = Tally(profile.body)

        def load() -> Span:
            return run_page(pool, tally, requests=profile.requests, timeout_s=profile.timeout_s)

        span, spent = _measured(load, gate)
        return page_measurement(tally, span, spent)


def _connect(pool: Pool, target: Target, profile: OpenLoad | MixedLoad) -> None:
    """Send a request on every connection: a low rate might leave some of them unopened."""
    lanes = profile.lanes(target.client_protocol.protocol)
    run_page(pool, Tally(""), requests=lanes.connections, timeout_s=profile.timeout_s)


def _offered(tally: Tally) -> int:
    return len(tally.good_at) + sum(tally.bad.values())


def _measured(load: Callable[[], Span], gate: Gate) -> tuple[Span, Spent]:
    """Run the load between the harness's two readings of the server's counters."""
    gc.collect()
    gate.warm()
    gc.disable()  # nothing in the load makes reference cycles, and a collection would be a pause
    try:
        wall, cpu = clock(), time.process_time()
        span = load()
        spent = Spent(cpu_s=time.process_time() - cpu, wall_s=clock() - wall)
    finally:
        gc.enable()
    gate.loaded()
    return span, spent


def _pool(target: Target, profile: ClosedLoad | OpenLoad | MixedLoad | PageLoad) -> Pool:
    lanes = profile.lanes(target.client_protocol.protocol)
    return Pool(target, profile.path, lanes, profile.timeout_s, exact=isinstance(profile, OpenLoad | MixedLoad))
