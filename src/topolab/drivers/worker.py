"""What every load worker has in common: jobs are read, done, and told of; see `protocol` for the lines."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import TextIO

from topolab.drivers.protocol import GO, Event, Failed, Job, Kept, Loaded, Measured, Warm, event_line, read_job
from topolab.errors import InputError
from topolab.model.measurement import Measurement


class LoadError(Exception):
    """The load could not be made; its text is the one sentence the harness is told."""


class _InputEndedError(Exception):
    """The harness is gone: there is nobody to measure for."""


class Gate:
    """The harness's two readings of the server's counters, as a job passes them, and what it is to keep of the job."""

    def __init__(self, lines_in: TextIO, lines_out: TextIO) -> None:
        self._in = lines_in
        self._out = lines_out

    def warm(self) -> None:
        """Say that the warm-up is over, and wait for the harness to say go."""
        self.say(Warm())
        line = self._in.readline()
        if not line:
            raise _InputEndedError
        if line != GO:
            raise InputError(f"Expected the line {GO.strip()!r} after the warm-up, got {line.strip()[:200]!r}.")

    def loaded(self) -> None:
        """Say that the last response is in."""
        self.say(Loaded())

    def keep(self, name: str, content: bytes) -> None:
        """Have the harness keep a tool's own output beside the measurement, as the file `name`."""
        self.say(Kept(name, content))

    def say(self, event: Event) -> None:
        """Write an event."""
        self._out.write(event_line(event))
        self._out.flush()


Do = Callable[[Job, Gate], Measurement]
"""Makes one job's load: passes the gate's `warm`, loads, passes `loaded`. Raises `LoadError` or `InputError`."""


def serve(do: Do, lines_in: TextIO = sys.stdin, lines_out: TextIO = sys.stdout) -> None:
    """Do every job of `lines_in`, one at a time, until it ends."""
    gate = Gate(lines_in, lines_out)
    while line := lines_in.readline():
        try:
            measurement = do(_usable(read_job(line)), gate)
        except _InputEndedError:
            return
        except (InputError, LoadError) as error:
            gate.say(Failed(str(error)))
        except Exception as error:  # the worker outlives any job
            traceback.print_exc()
            gate.say(Failed(f"The load worker failed: {type(error).__name__}: {error}."))
        else:
            gate.say(Measured(measurement))


def _usable(job: Job) -> Job:
    ca_file = job.target.ca_file
    if ca_file is not None and not ca_file.is_file():
        raise InputError(f"There is no certificate file {ca_file}.")
    return job
