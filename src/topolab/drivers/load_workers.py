"""The harness's side of the load workers: starts one per driver, gives it jobs, and awaits events with a deadline."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import UnionType

from topolab.drivers.protocol import GO, Event, Failed, Kept, Loaded, Measured, Warm, job_line, parse_event
from topolab.drivers.registry import Drivers, drivers, longest_s
from topolab.errors import InputError, StageError
from topolab.model.measurement import Measurement
from topolab.model.outcome import Stage
from topolab.model.profile import LoadProfile
from topolab.model.target import Target, Workplace
from topolab.process.conversation import Conversation, LostError
from topolab.process.group import ProcessGroup, ProcessKeeper
from topolab.process.lines import nothing

Keep = Callable[[str, bytes], None]
"""Takes what a tool wrote: a file's name and content."""


class _FailedError(Exception):
    """The worker reports that it could not do its job."""

    def __init__(self, event: Failed) -> None:
        super().__init__(event.message)
        self.event = event


class LoadWorkers:
    """Makes loads in a separate process for each driver, pinned to the client's processors, one job at a time."""

    def __init__(
        self,
        keeper: ProcessKeeper,
        log_path: Path,
        cpus: frozenset[int] | None,
        known: Drivers | None = None,
        meanwhile: Callable[[], None] = nothing,
    ) -> None:
        """`known` defaults to the drivers of this package. `meanwhile` is called every second of a load."""
        self._keeper = keeper
        self._log_path = log_path
        self._cpus = cpus
        self._known = drivers() if known is None else known
        self._meanwhile = meanwhile
        self._talks: dict[str, tuple[Workplace, Conversation]] = {}

    def worker(self, driver: str) -> ProcessGroup | None:
        """A driver's process group; None before its first job and after its worker is lost."""
        return self._talks[driver][1].group if driver in self._talks else None

    def measure(
        self,
        target: Target,
        workplace: Workplace,
        profile: LoadProfile,
        on_warm: Callable[[], None],
        on_loaded: Callable[[], None],
        keep: Keep,
    ) -> Measurement:
        """From `workplace`, warm up, call `on_warm`, load, call `on_loaded`, and return the measurement.

        Both are called while nothing is in flight, so that they can read counters. `on_warm` is called again if the
        worker repeats its load. `keep` gets the files that the tool wrote, even if the load fails. Raises
        `StageError` if the load could not be made.
        """
        logged_before = self._log_path.stat().st_size if self._log_path.exists() else 0
        talk = self._running(profile.driver, workplace)
        deadline = time.monotonic() + longest_s(self._known[profile.driver], profile)
        stage = Stage.WARM_UP
        try:
            talk.say(job_line(target, profile, workplace.catalogue))
            self._expect(talk, Warm, deadline, keep)
            on_warm()
            stage = Stage.LOAD
            talk.say(GO)
            while isinstance(self._expect(talk, Loaded | Warm, deadline, keep), Warm):
                on_warm()
                talk.say(GO)
            on_loaded()
            event = self._expect(talk, Measured, deadline, keep)
        except LostError as error:
            log = _log(talk.group.log_tail(logged_before))
            self._end(profile.driver)
            raise StageError(stage, f"the load worker {error}", log) from None
        except _FailedError as error:
            log = _log(talk.group.log_tail(logged_before), error.event.log)
            raise StageError(stage, error.event.message, log) from None
        if isinstance(event, Measured):
            return event.measurement
        raise StageError(stage, "the load worker sent no measurement")

    def _running(self, driver: str, workplace: Workplace) -> Conversation:
        """The driver's worker at `workplace`: the previous job's if it still runs, else a new one."""
        if driver in self._talks:
            where, talk = self._talks[driver]
            if where == workplace and talk.group.exit_code() is None:
                return talk
            self._end(driver)
        argv = [*workplace.enter, workplace.python, *self._known[driver].worker]
        # So that temporary files of the worker's tools are removed with topolab's own, even if both are killed.
        env = {**os.environ, "TMPDIR": str(self._keeper.folder)}
        talk = Conversation(self._keeper.start("client", argv, self._log_path, cpus=self._cpus, env=env, pipes=True))
        self._talks[driver] = (workplace, talk)
        return talk

    def _end(self, driver: str) -> None:
        self._keeper.end(self._talks.pop(driver)[1].group)

    def _expect(self, talk: Conversation, kind: type[Event] | UnionType, deadline: float, keep: Keep) -> Event:
        """Wait for an event of `kind`. Raises `_FailedError` if the worker reports a failure instead."""
        while True:
            line = talk.hear(deadline, self._meanwhile)
            try:
                event = parse_event(line)
            except InputError as error:
                raise LostError(f"broke the protocol: {error}") from error
            if not isinstance(event, Kept):
                break
            keep(event.name, event.content)
        if isinstance(event, Failed):
            raise _FailedError(event)
        if not isinstance(event, kind):
            order = "`do` must call gate.warm() before the load and gate.loaded() after it"
            raise LostError(f"sent {type(event).__name__} instead of {getattr(kind, '__name__', 'Loaded')}: {order}")
        return event


def _log(*parts: str) -> str:
    """What the worker wrote during a job, under a heading as the parts of a stack have it; empty if nothing."""
    text = "\n".join(filter(None, (part.strip() for part in parts)))
    return f"[load worker]\n{text}" if text else ""
