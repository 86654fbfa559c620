"""The lines that the harness and a load worker exchange: one JSON object per line, in both directions.

The harness writes a job and reads `Warm`, writes `GO`, and reads `Loaded` and then `Measured`. At any point `Failed`
may come instead; the worker then waits for its next job. `Kept` may come before any other event. `Warm` comes again
instead of `Loaded` if the load was disturbed and has to be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter, ValidationError

from topolab.errors import InputError
from topolab.model.measurement import Measurement
from topolab.model.profile import AnyLoad, LoadProfile
from topolab.model.target import Target

GO = "go\n"


@dataclass(frozen=True, slots=True)
class Warm:
    """The warm-up is over and nothing is in flight; the worker waits for `GO`."""

    event: Literal["warm"] = "warm"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The last response of the measured load has arrived or was given up."""

    event: Literal["loaded"] = "loaded"


@dataclass(frozen=True, slots=True)
class Measured:
    """the job's result."""

    measurement: Measurement
    event: Literal["measured"] = "measured"


@dataclass(frozen=True, slots=True)
class Failed:
    """The job could not be done; `message` is one line. `log` is what its author needs to find the reason."""

    message: str
    log: str = ""
    event: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that the tool wrote, to be kept with the observation even if the job fails."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}

    name: str
    content: bytes
    event: Literal["kept"] = "kept"


Event = Warm | Loaded | Measured | Failed | Kept


@dataclass(frozen=True, slots=True)
class Job:
    """A load to make. `catalogue` is the folder that contains `loadtest/`, as the worker sees it."""

    target: Target
    profile: AnyLoad
    catalogue: str = ""


_jobs = TypeAdapter(Job)
_events: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def job_line(target: Target, profile: LoadProfile, catalogue: str = "") -> str:
    """The line that requests a load from the worker."""
    return _jobs.dump_json(Job(target, profile, catalogue)).decode() + "\n"


def read_job(line: str) -> Job:
    """Parse a job. Raises `InputError`, which names the first wrong field."""
    try:
        return _jobs.validate_json(line)
    except ValidationError as error:
        raise InputError(f"the job's {_first(error)}") from error


def event_line(event: Event) -> str:
    """The line that reports `event` to the harness."""
    return _events.dump_json(event).decode() + "\n"


def parse_event(line: str) -> Event:
    """Parse an event. Raises `InputError` if the worker wrote something else."""
    try:
        return _events.validate_json(line)
    except ValidationError as error:
        shown = line.strip()[:200]
        raise InputError(f"its {_first(error)}; it wrote {shown!r}") from error


def _first(error: ValidationError) -> str:
    """The first wrong field and what is wrong with it, phrased to follow a possessive."""
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place or 'line'} cannot be used: {first['msg']}"
