"""The lines that the harness and the load worker exchange: one JSON object a line, both directions.

The harness writes a job and reads `Warm`, writes `GO` and reads `Loaded`, then `Measured`; at any point
`Failed` may come instead, after which the worker waits for its next job. `Kept` may come before any of them, and
`Warm` again in place of `Loaded` where a load that nobody could have measured is made anew.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from topolab.errors import InputError
from topolab.model.measurement import Measurement
from topolab.model.profile import AnyLoad, LoadProfile
from topolab.model.target import Target

GO = "go\n"


@dataclass(frozen=True, slots=True)
class Warm:
    """The warm-up is over and nothing is in flight; the worker waits for `GO`."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The last response of the measured load is in (or given up)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The job's result."""

    measurement: Measurement


@dataclass(frozen=True, slots=True)
class Failed:
    """The job could not be done; `message` is one sentence."""

    message: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Something of the tool's own that is to be kept with the observation, whatever becomes of the job: a file."""

    name: str
    content: bytes


Event = Warm | Loaded | Measured | Failed | Kept


@dataclass(frozen=True, slots=True)
class Job:
    """One load to make; `catalogue` is the folder that has `loadtest/`, where the load is made."""

    target: Target
    profile: AnyLoad
    catalogue: str


_jobs = TypeAdapter(Job)
_measurements = TypeAdapter(Measurement)


def job_line(target: Target, profile: LoadProfile, catalogue: str = "") -> str:
    """The line that asks the worker for one load."""
    return _line({"job": {"target": asdict(target), "profile": asdict(profile), "catalogue": catalogue}})


def read_job(line: str) -> Job:
    """The job in `line`; `InputError` names the first field that is wrong."""
    message = _object(line)
    if "job" not in message:
        raise InputError('A job line must be {"job": {"target": ..., "profile": ...}}; this one has no "job".')
    try:
        return _jobs.validate_json(json.dumps(message["job"]))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"]) or "job"
        raise InputError(f"The job's {place} cannot be used: {first['msg']}.") from error


def event_line(event: Event) -> str:
    """The line that tells the harness about `event`."""
    match event:
        case Warm():
            return _line({"event": "warm"})
        case Loaded():
            return _line({"event": "loaded"})
        case Measured(measurement):
            return _line({"event": "measured", "measurement": asdict(measurement)})
        case Failed(message):
            return _line({"event": "failed", "message": message})
        case Kept(name, content):
            return _line({"event": "kept", "name": name, "content": base64.b64encode(content).decode()})


def parse_event(line: str) -> Event:
    """The event in `line`; `InputError` where the worker wrote something else."""
    message = _object(line)
    match message:
        case {"event": "warm"}:
            return Warm()
        case {"event": "loaded"}:
            return Loaded()
        case {"event": "measured", "measurement": fields}:
            try:
                return Measured(_measurements.validate_json(json.dumps(fields)))
            except ValidationError as error:
                raise InputError(f"The load worker's measurement cannot be read: {error}") from error
        case {"event": "failed", "message": str(text)}:
            return Failed(text)
        case {"event": "kept", "name": str(name), "content": str(encoded)}:
            try:
                return Kept(name, base64.b64decode(encoded, validate=True))
            except binascii.Error as error:
                raise InputError(f"What the load worker gave to keep as {name!r} cannot be read: {error}") from error
    raise InputError(f"The load worker wrote an unknown event: {line.strip()[:200]!r}.")


def _line(message: dict[str, Any]) -> str:
    return json.dumps(message, default=str) + "\n"


def _object(line: str) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise InputError(f"Expected one JSON object on a line, got {line.strip()[:200]!r}.") from error
    if not isinstance(message, dict):
        raise InputError(f"Expected a JSON object, got {line.strip()[:200]!r}.")
    return message
