"""The lines that the harness and the load worker exchange: one JSON object a line, both directions.

The harness writes a job and reads `Warm`, writes `GO` and reads `Loaded`, then `Measured`. `Failed` may come instead at
any point; the worker then waits for its next job. `Kept` may come before any of them. `Warm` comes again in place of
`Loaded` when a load that nobody could have measured is repeated.
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
    """The last response of the measured load is in, or given up."""

    event: Literal["loaded"] = "loaded"


@dataclass(frozen=True, slots=True)
class Measured:
    """The job's result."""

    measurement: Measurement
    event: Literal["measured"] = "measured"


@dataclass(frozen=True, slots=True)
class Failed:
    """The job could not be done; `message` is one sentence."""

    message: str
    event: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that the tool wrote, to be kept with the observation whatever becomes of the job."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}

    name: str
    content: bytes
    event: Literal["kept"] = "kept"


Event = Warm | Loaded | Measured | Failed | Kept


@dataclass(frozen=True, slots=True)
class Job:
    """One load to make; `catalogue` is the folder that has `loadtest/`, where the load is made."""

    target: Target
    profile: AnyLoad
    catalogue: str = ""


_jobs = TypeAdapter(Job)
_events: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def job_line(target: Target, profile: LoadProfile, catalogue: str = "") -> str:
    """The line that asks the worker for one load."""
    return _jobs.dump_json(Job(target, profile, catalogue)).decode() + "\n"


def read_job(line: str) -> Job:
    """The job in `line`; `InputError` names the first field that is wrong."""
    try:
        return _jobs.validate_json(line)
    except ValidationError as error:
        raise InputError(f"The job's {_first(error)}.") from error


def event_line(event: Event) -> str:
    """The line that tells the harness about `event`."""
    return _events.dump_json(event).decode() + "\n"


def parse_event(line: str) -> Event:
    """The event in `line`; `InputError` where the worker wrote something else."""
    try:
        return _events.validate_json(line)
    except ValidationError as error:
        shown = line.strip()[:200]
        raise InputError(f"its {_first(error)}; it wrote {shown!r}") from error


def _first(error: ValidationError) -> str:
    """The first field that is wrong, and why; to follow a possessive."""
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place or 'line'} cannot be used: {first['msg']}"
