"""The lab's side of the load worker: starts it once a run, hands it jobs, and waits for its events, never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil
from pathlib import Path

from topolab.drivers.curl.protocol import GO, Event, Failed, Loaded, Measured, Warm, job_line, parse_event
from topolab.errors import InputError, StageError
from topolab.model.load import LoadProfile, Measurement, PageLoad, Target, Workplace
from topolab.model.outcome import Stage
from topolab.process.conversation import Conversation, LostError
from topolab.process.group import ProcessGroup, ProcessKeeper

_GRACE_S = 15.0


class CurlDriver:
    """Makes load from a process of its own, on processors of its own, one job after the other."""

    def __init__(self, keeper: ProcessKeeper, log_path: Path, cpus: frozenset[int] | None) -> None:
        self._keeper = keeper
        self._log_path = log_path
        self._cpus = cpus
        self._talk: Conversation | None = None
        self._workplace: Workplace | None = None

    @property
    def worker(self) -> ProcessGroup | None:
        """The worker's process group; None before the first job and after a worker was lost."""
        return self._talk.group if self._talk else None

    def measure(
        self,
        target: Target,
        workplace: Workplace,
        profile: LoadProfile,
        on_warm: Callable[[], None],
        on_loaded: Callable[[], None],
    ) -> Measurement:
        """From `workplace`, warm up, call `on_warm`, load, call `on_loaded`, and give what was measured.

        The callbacks run while nothing is in flight: the place to read counters. Raises `StageError` where the load
        could not be made.
        """
        talk = self._running(workplace)
        deadline = time.monotonic() + _longest_s(profile)
        stage = Stage.WARM_UP
        try:
            talk.say(job_line(target, profile))
            _expect(talk, Warm, deadline)
            on_warm()
            stage = Stage.LOAD
            talk.say(GO)
            _expect(talk, Loaded, deadline)
            on_loaded()
            event = _expect(talk, Measured, deadline)
        except LostError as error:
            log = talk.group.log_tail()
            self._end()
            raise StageError(stage, f"the load worker {error}", log) from None
        if isinstance(event, Measured):
            return event.measurement
        raise StageError(stage, event.message if isinstance(event, Failed) else "no measurement came")

    def _running(self, workplace: Workplace) -> Conversation:
        """The worker at `workplace`: that of the job before where it is still there, else a new one."""
        if self._talk and (workplace != self._workplace or self._talk.group.exit_code() is not None):
            self._end()
        if self._talk is None:
            argv = [*workplace.enter, workplace.python, "-m", "topolab.drivers.curl"]
            self._talk = Conversation(self._keeper.start("client", argv, self._log_path, cpus=self._cpus, pipes=True))
            self._workplace = workplace
        return self._talk

    def _end(self) -> None:
        if self._talk:
            self._keeper.end(self._talk.group)
            self._talk = None


def _expect(talk: Conversation, kind: type[Event], deadline: float) -> Event:
    """The next event, of `kind`. Raises `StageError` where the worker reports a failure instead."""
    line = talk.hear(deadline)
    try:
        event = parse_event(line)
    except InputError as error:
        raise LostError(f"broke the protocol: {error}") from error
    if isinstance(event, Failed):
        raise StageError(Stage.LOAD if kind is not Warm else Stage.WARM_UP, event.message)
    if not isinstance(event, kind):
        raise LostError(f"said {type(event).__name__} where {kind.__name__} was due")
    return event


def _longest_s(profile: LoadProfile) -> float:
    """Longer than the worker itself takes at worst: a page whose every wave of requests times out, one by one."""
    if isinstance(profile, PageLoad):
        waves = ceil(profile.requests / profile.http1.in_flight)
        return (waves + 1) * profile.timeout_s + _GRACE_S
    return profile.warm_up_s + profile.duration_s + 3 * profile.timeout_s + _GRACE_S
