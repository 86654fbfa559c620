"""What all load workers share: read jobs, do them and report on them, in the lines that `protocol` defines."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import fields
from math import isfinite, isnan
from typing import TextIO

from topolab.drivers.protocol import GO, Event, Failed, Job, Kept, Loaded, Measured, Warm, event_line, read_job
from topolab.drivers.wire import wire
from topolab.errors import InputError, described
from topolab.model.measurement import Measurement


class LoadError(Exception):
    """The load could not be made; the text is the cell's reason: one line, without a full stop."""


class _InputEndedError(Exception):
    """The harness is gone, so there is nothing left to do."""


class Gate:
    """A job's connection to the harness: when to read the server's counters, and which files to keep."""

    def __init__(self, lines_in: TextIO, lines_out: TextIO) -> None:
        self._in = lines_in
        self._out = lines_out

    def warm(self) -> None:
        """Report that the warm-up is over, and wait until the harness says go."""
        self.say(Warm())
        line = self._in.readline()
        if not line:
            raise _InputEndedError
        if line != GO:
            raise InputError(f"expected the line {GO.strip()!r} after the warm-up, got {line.strip()[:200]!r}")

    def loaded(self) -> None:
        """Report that the last response has arrived."""
        self.say(Loaded())

    def keep(self, name: str, content: bytes) -> None:
        """Let the harness keep a tool's output with the measurement, as the file `name`."""
        self.say(Kept(name, content))

    def say(self, event: Event) -> None:
        """Write an event."""
        self._out.write(event_line(event))
        self._out.flush()


Do = Callable[[Job, Gate], Measurement]
"""Makes a job's load: calls the gate's `warm`, loads, calls `loaded`. Raises `LoadError` or `InputError`."""


def serve(do: Do) -> None:
    """Do the harness's jobs, one at a time, until there are no more. What `do` prints goes to the worker's log."""
    lines_in, lines_out = wire()
    gate = Gate(lines_in, lines_out)
    while line := lines_in.readline():
        try:
            measurement = _checked(do(_usable(read_job(line)), gate))
        except _InputEndedError:
            return
        except (InputError, LoadError) as error:
            gate.say(Failed(" ".join(str(error).split())))
        except (Exception, SystemExit) as error:  # no job may end the worker
            # With the event and not on standard error, which may come later than the event from a container.
            gate.say(Failed(f"the load worker failed: {described(error)}", traceback.format_exc()))
        else:
            gate.say(Measured(measurement))


def refuse_rest() -> None:
    """Fail every job that is left, because the worker's file ended without serving. After `serve`, none is left."""
    serve(_not_served)


def _not_served(_job: Job, _gate: Gate) -> Measurement:
    raise LoadError("the load worker ended before it read a job; its __main__.py must call serve(do)")


def _checked(made: object) -> Measurement:
    """Refuse what JSON cannot carry: the harness would complain about something else."""
    if not isinstance(made, Measurement):
        raise LoadError(f"`do` must return a Measurement, not {repr(made)[:80]}")
    for field in fields(made):
        value = getattr(made, field.name)
        if isinstance(value, float) and not isfinite(value):
            what = "not a number" if isnan(value) else "not a finite number"
            raise LoadError(f"the {field.name} of the Measurement that `do` returned is {what}: {value}")
    return made


def _usable(job: Job) -> Job:
    ca_file = job.target.ca_file
    if ca_file is not None and not ca_file.is_file():
        raise InputError(f"the certificate file {ca_file} does not exist")
    return job
