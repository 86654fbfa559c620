"""What h2load prints and logs, read. Pure. Seen with 1.64; its man page has the log's columns."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from topolab.drivers.worker import LoadError

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_FINISHED = re.compile(r"^finished in ([\d.]+)(us|ms|s), ([\d.]+) req/s", re.MULTILINE)
_REQUESTS = re.compile(
    r"^requests: (\d+) total, (\d+) started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$",
    re.MULTILINE,
)
_STATUSES = re.compile(r"^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx$", re.MULTILINE)
_BODIES = re.compile(r"^traffic: .*, \S+ \((\d+)\) data$", re.MULTILINE)
_APPLICATION = re.compile(r"^Application protocol: (\S+)$", re.MULTILINE)
_PROTOCOLS = {"h2c": "h2"}


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of h2load's output. `protocol` is empty where no connection came about; bodies are counted in bytes."""

    protocol: str
    finished_s: float
    total: int
    succeeded: int
    failed: int
    errored: int
    timed_out: int
    statuses: Mapping[str, int]
    body_bytes: int

    @property
    def bad(self) -> dict[str, int]:
        """The bad ones by kind, in the words of the other drivers; failed holds the errored and the timed out."""
        kinds = {
            "not answered": self.errored,
            "timed out": self.timed_out,
            **{f"status {kind}": self.statuses[kind] for kind in ("3xx", "4xx", "5xx")},
        }
        told = {kind: count for kind, count in kinds.items() if count}
        other = self.failed - sum(told.values())
        return {**told, "failed": other} if other > 0 else told


@dataclass(frozen=True, slots=True)
class Rows:
    """The log's good rows, in its order: when each response ended, in seconds since the epoch, and how long it took."""

    ended_at: array[float]
    took_us: array[int]


def parse_summary(output: str) -> Summary:
    """Raises `LoadError` where h2load did not come to its summary, with the last it said."""
    found = [pattern.search(output) for pattern in (_FINISHED, _REQUESTS, _STATUSES, _BODIES)]
    finished, requests, statuses, bodies = found
    if finished is None or requests is None or statuses is None or bodies is None:
        last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "nothing at all")
        raise LoadError(f"h2load's output ends before its summary; its last line is {last[:200]!r}")
    total, _started, _done, succeeded, failed, errored, timed_out = map(int, requests.groups())
    application = _APPLICATION.search(output)
    spoken = application[1] if application else ""
    return Summary(
        protocol=_PROTOCOLS.get(spoken, spoken),
        finished_s=float(finished[1]) * _SECONDS[finished[2]],
        total=total,
        succeeded=succeeded,
        failed=failed,
        errored=errored,
        timed_out=timed_out,
        statuses=dict(zip(("2xx", "3xx", "4xx", "5xx"), map(int, statuses.groups()), strict=True)),
        body_bytes=int(bodies[1]),
    )


def parse_rows(log: str) -> Rows:
    """The good rows of a log: start in us since the epoch, status, duration in us. A row cut short is left out."""
    ended_at, took_us = array("d"), array("q")
    for line in log.splitlines(keepends=True):
        fields = line.split("\t")
        if len(fields) < 3 or not line.endswith("\n"):
            continue
        start, status, took = (int(field) for field in fields[:3])
        if 200 <= status < 300:
            ended_at.append((start + took) / 1e6)
            took_us.append(took)
    return Rows(ended_at, took_us)
