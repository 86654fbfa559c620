"""Read the locustfile's result, one JSON file for any number of workers, and take the measurement from it. Pure."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from topolab.drivers.worker import LoadError
from topolab.model.measurement import Measurement
from topolab.model.protocol import Protocol
from topolab.model.users import UsersLoad
from topolab.process.cpus import available_cpus

FORMAT = 1
_SCREEN = "SCREEN"
"""The method of an entry for a whole screen, whose requests also have entries of their own."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The requests of one method and name."""

    method: str
    name: str
    requests: int
    failures: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Worker:
    """One Locust process."""

    worker: str
    users: int
    seconds: float
    cpu_s: float
    requests: int


@dataclass(frozen=True, slots=True)
class Result:
    """The fields of the JSON that are used here."""

    format: int
    users: int
    requests: int
    failures: Mapping[str, int]
    good_requests_per_second: float
    percentiles_ms: Mapping[str, float]
    connections_opened: int
    origin_connections: int | None
    client_cpu_s: float
    client_protocols: Mapping[str, int]
    origin_versions: Mapping[str, int]
    user_errors: Mapping[str, int]
    slice_s: float
    good_in_slices: tuple[int, ...]
    entries: tuple[Entry, ...]
    workers: tuple[Worker, ...]
    workers_missing: tuple[str, ...]


_results = TypeAdapter(Result)


def parse_result(content: bytes) -> Result:
    """The result. Raises `LoadError` if it is unreadable or incomplete, or if it counts no request."""
    try:
        result = _results.validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise LoadError(f"Locust's result cannot be read at {place or 'its beginning'}: {first['msg']}") from error
    if result.format != FORMAT:
        raise LoadError(f"Locust's result has format {result.format}, not {FORMAT}")
    if not any(entry.requests for entry in result.entries):
        raise LoadError("no request of Locust's users ended while requests were counted")
    if result.workers_missing:
        raise LoadError(f"{len(result.workers_missing)} of Locust's workers sent no counts")
    return result


def measured(result: Result, profile: UsersLoad) -> Measurement:
    """The measurement of the users. Raises `LoadError` if there were not as many users or workers as in `profile`.

    Percentiles are Locust's, rounded to whole milliseconds below 100 and to two digits above. Failed WebSocket
    exchanges and errors of the users themselves count as bad responses.
    """
    if result.users != profile.users or len(result.workers) != profile.workers:
        raise LoadError(
            f"at the end {result.users} users ran in {len(result.workers)} Locust workers, "
            f"not {profile.users} in {profile.workers}"
        )
    bad: Counter[str] = Counter()
    for entry in result.entries:
        if entry.method != _SCREEN:
            bad.update(entry.failures)
    bad.update({f"user error: {text}": count for text, count in result.user_errors.items()})
    good = result.requests - sum(result.failures.values())
    seconds = max(worker.seconds for worker in result.workers)
    percentiles: dict[str, Any] = {f"p{p}_ms": result.percentiles_ms[f"p{p}"] for p in (50, 90, 99)} if good else {}
    return Measurement(
        seconds=seconds,
        good_responses=good,
        bad_responses=dict(bad),
        responses_in_window=good,
        requests_per_second=result.good_requests_per_second,
        client_cpu_s=result.client_cpu_s,
        client_wall_s=seconds * min(len(result.workers), len(available_cpus()) or os.cpu_count() or 1),
        client_connections=result.connections_opened,
        client_protocols=result.client_protocols,
        origin_protocols={
            Protocol.from_origin_version(version): count for version, count in result.origin_versions.items()
        },
        origin_connections=result.origin_connections,
        series_slice_s=result.slice_s,
        series=result.good_in_slices,
        **percentiles,
    )
