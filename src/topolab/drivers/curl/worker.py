"""The load worker: reads jobs, makes the load, writes events; see `protocol` for the lines."""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from typing import TextIO

from topolab.drivers.curl.closed import run_closed
from topolab.drivers.curl.multi import Pool, clock
from topolab.drivers.curl.open import run_open
from topolab.drivers.curl.page import run_page
from topolab.drivers.curl.protocol import GO, Event, Failed, Job, Loaded, Measured, Warm, event_line, read_job
from topolab.drivers.curl.responses import Tally
from topolab.drivers.curl.results import Span, Spent, closed_measurement, open_measurement, page_measurement
from topolab.errors import InputError
from topolab.model.load import ClosedLoad, Lanes, Measurement, OpenLoad, PageLoad, Target

WARM_UP_PATH = "/query?id=warm-up"


class _InputEndedError(Exception):
    """The harness is gone: there is nobody to measure for."""


class Worker:
    """Serves jobs from `lines_in`, one at a time."""

    def __init__(self, lines_in: TextIO, lines_out: TextIO) -> None:
        self._in = lines_in
        self._out = lines_out

    def serve(self) -> None:
        """Do every job until the input ends."""
        while line := self._in.readline():
            try:
                measurement = self._do(read_job(line))
            except _InputEndedError:
                return
            except InputError as error:
                self._say(Failed(str(error)))
            except Exception as error:  # the worker outlives any job
                traceback.print_exc()
                self._say(Failed(f"The load worker failed: {type(error).__name__}: {error}."))
            else:
                self._say(Measured(measurement))

    def _do(self, job: Job) -> Measurement:
        target, profile = job.target, job.profile
        if target.ca_file is not None and not target.ca_file.is_file():
            raise InputError(f"There is no certificate file {target.ca_file}.")
        match profile:
            case ClosedLoad():
                return self._closed(target, profile)
            case OpenLoad():
                return self._open(target, profile)
            case PageLoad():
                return self._page(target, profile)

    def _closed(self, target: Target, profile: ClosedLoad) -> Measurement:
        with closing(_pool(target, profile)) as pool:

            def load(seconds: float, tally: Tally) -> Span:
                return run_closed(pool, tally, duration_s=seconds, timeout_s=profile.timeout_s)

            if profile.warm_up_s > 0:
                load(profile.warm_up_s, Tally(profile.body))
            tally = Tally(profile.body)
            span, spent = self._measured(lambda: load(profile.duration_s, tally))
            return closed_measurement(tally, span, spent)

    def _open(self, target: Target, profile: OpenLoad) -> Measurement:
        with closing(_pool(target, profile)) as pool:

            def load(seconds: float, tally: Tally) -> Span:
                rate, timeout_s = profile.rate_per_s, profile.timeout_s
                return run_open(pool, tally, rate_per_s=rate, duration_s=seconds, timeout_s=timeout_s)

            if profile.warm_up_s > 0:
                # One request on every connection first: a low rate might leave some of them unopened.
                lanes = profile.lanes(target.client_protocol.protocol)
                run_page(pool, Tally(""), requests=lanes.connections, timeout_s=profile.timeout_s)
                load(profile.warm_up_s, Tally(profile.body))
            tally = Tally(profile.body)
            span, spent = self._measured(lambda: load(profile.duration_s, tally))
            offered = len(tally.good_at) + sum(tally.bad.values())
            return open_measurement(tally, span, spent, offered=offered)

    def _page(self, target: Target, profile: PageLoad) -> Measurement:
        with closing(Pool(target, WARM_UP_PATH, Lanes(1), profile.timeout_s)) as pool:
            run_page(pool, Tally(""), requests=1, timeout_s=profile.timeout_s)
        # A new pool has no connections and no TLS sessions: the page starts cold.
        with closing(_pool(target, profile)) as pool:
            tally = Tally(profile.body)

            def load() -> Span:
                return run_page(pool, tally, requests=profile.requests, timeout_s=profile.timeout_s)

            span, spent = self._measured(load)
            return page_measurement(tally, span, spent)

    def _measured(self, load: Callable[[], Span]) -> tuple[Span, Spent]:
        """Run the load between the harness's two readings of the server's counters."""
        gc.collect()
        self._say(Warm())
        line = self._in.readline()
        if not line:
            raise _InputEndedError
        if line != GO:
            raise InputError(f"Expected the line {GO.strip()!r} after the warm-up, got {line.strip()[:200]!r}.")
        gc.disable()  # nothing in the load makes reference cycles, and a collection would be a pause
        try:
            wall, cpu = clock(), time.process_time()
            span = load()
            spent = Spent(cpu_s=time.process_time() - cpu, wall_s=clock() - wall)
        finally:
            gc.enable()
        self._say(Loaded())
        return span, spent

    def _say(self, event: Event) -> None:
        self._out.write(event_line(event))
        self._out.flush()


def _pool(target: Target, profile: ClosedLoad | OpenLoad | PageLoad) -> Pool:
    lanes = profile.lanes(target.client_protocol.protocol)
    return Pool(target, profile.path, lanes, profile.timeout_s, exact=isinstance(profile, OpenLoad))
