"""The lab's side of the load worker: starts it once a run, hands it jobs, and waits for its events, never for ever."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable
from math import ceil
from pathlib import Path

from topolab.drivers.curl.protocol import GO, Event, Failed, Loaded, Measured, Warm, job_line, parse_event
from topolab.errors import InputError, StageError
from topolab.model.load import LoadProfile, Measurement, PageLoad, Target
from topolab.model.outcome import Stage
from topolab.process.group import ProcessGroup, ProcessKeeper

_GRACE_S = 15.0
_READ_BYTES = 65_536


class CurlDriver:
    """Makes load from a process of its own, on processors of its own, one job after the other."""

    def __init__(self, keeper: ProcessKeeper, log_path: Path, cpus: frozenset[int] | None) -> None:
        self._keeper = keeper
        self._log_path = log_path
        self._cpus = cpus
        self.worker: ProcessGroup | None = None
        self._unread = b""

    def measure(
        self, target: Target, profile: LoadProfile, on_warm: Callable[[], None], on_loaded: Callable[[], None]
    ) -> Measurement:
        """Warm up, call `on_warm`, load, call `on_loaded`, and give what was measured.

        The callbacks run while nothing is in flight: the place to read counters. Raises `StageError` where the load
        could not be made.
        """
        worker = self._running()
        deadline = time.monotonic() + _longest_s(profile)
        stage = Stage.WARM_UP
        try:
            self._write(worker, job_line(target, profile))
            self._expect(worker, Warm, deadline)
            on_warm()
            stage = Stage.LOAD
            self._write(worker, GO)
            self._expect(worker, Loaded, deadline)
            on_loaded()
            event = self._expect(worker, Measured, deadline)
        except _WorkerLostError as error:
            log = worker.log_tail()
            self._keeper.end(worker)
            self.worker = None
            raise StageError(stage, f"the load worker {error}", log) from None
        if isinstance(event, Measured):
            return event.measurement
        raise StageError(stage, event.message if isinstance(event, Failed) else "no measurement came")

    def _running(self) -> ProcessGroup:
        if self.worker is None or self.worker.exit_code() is not None:
            argv = [sys.executable, "-m", "topolab.drivers.curl"]
            self.worker = self._keeper.start("client", argv, self._log_path, cpus=self._cpus, pipes=True)
            self._unread = b""
        return self.worker

    def _write(self, worker: ProcessGroup, line: str) -> None:
        if worker.leader.stdin is None:
            raise _WorkerLostError("has no standard input")
        try:
            worker.leader.stdin.write(line.encode())
            worker.leader.stdin.flush()
        except BrokenPipeError:
            raise _WorkerLostError("ended by itself") from None

    def _expect(self, worker: ProcessGroup, kind: type[Event], deadline: float) -> Event:
        """The next event, of `kind`. Raises `StageError` where the worker reports a failure instead."""
        line = self._read_line(worker, deadline)
        try:
            event = parse_event(line)
        except InputError as error:
            raise _WorkerLostError(f"broke the protocol: {error}") from error
        if isinstance(event, Failed):
            raise StageError(Stage.LOAD if kind is not Warm else Stage.WARM_UP, event.message)
        if not isinstance(event, kind):
            raise _WorkerLostError(f"said {type(event).__name__} where {kind.__name__} was due")
        return event

    def _read_line(self, worker: ProcessGroup, deadline: float) -> str:
        if worker.leader.stdout is None:
            raise _WorkerLostError("has no standard output")
        descriptor = worker.leader.stdout.fileno()
        while b"\n" not in self._unread:
            readable, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                raise _WorkerLostError("did not end in time")
            received = os.read(descriptor, _READ_BYTES)
            if not received:
                raise _WorkerLostError("ended by itself")
            self._unread += received
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()


class _WorkerLostError(Exception):
    """The worker is gone or cannot be understood any more; the text continues "the load worker ..."."""


def _longest_s(profile: LoadProfile) -> float:
    """Longer than the worker itself takes at worst: a page whose every wave of requests times out, one by one."""
    if isinstance(profile, PageLoad):
        waves = ceil(profile.requests / profile.http1.in_flight)
        return (waves + 1) * profile.timeout_s + _GRACE_S
    return profile.warm_up_s + profile.duration_s + 3 * profile.timeout_s + _GRACE_S
