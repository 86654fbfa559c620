"""The counts of one Locust process in one measurement, and the one result that several processes add up to.

Response times are rounded as in Locust (`locust.stats.bucket_response_time`): to whole milliseconds below 100, to two
digits above.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from locust.stats import bucket_response_time, calculate_response_time_percentile

FORMAT = 1
SLICE_S = 0.1
# Entries with other methods are whole screens and WebSocket exchanges: listed, but not in the totals.
HTTP_METHODS = frozenset({"GET", "POST"})
_PERCENTILES = (0.5, 0.9, 0.95, 0.99, 1.0)


@dataclass(slots=True)
class Entry:
    """The requests of one method and name."""

    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)  # by reason
    response_times_ms: Counter[int] = field(default_factory=Counter)  # of all requests, including failed ones

    def as_json(self) -> dict[str, Any]:
        """This entry as in the result and in the message to the master."""
        times = {str(ms): count for ms, count in sorted(self.response_times_ms.items())}
        return {"requests": self.requests, "failures": dict(self.failures), "response_times_ms": times}

    def add(self, other: dict[str, Any]) -> None:
        """Add the entry of another process, in the form of `as_json`."""
        self.requests += other["requests"]
        self.failures.update(other["failures"])
        self.response_times_ms.update({int(ms): count for ms, count in other["response_times_ms"].items()})


@dataclass(slots=True)
class Tally:
    """The counts of one process since `started_at` (seconds since the epoch)."""

    started_at: float
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    client_protocols: Counter[str] = field(default_factory=Counter)
    origin_versions: Counter[str] = field(default_factory=Counter)
    connections_opened: int = 0  # since the users started, which may be before `started_at`
    origin_peers: set[str] = field(default_factory=set)  # "" for a response without the header
    good_in_slice: Counter[int] = field(default_factory=Counter)  # good HTTP responses by SLICE_S since the start
    user_errors: Counter[str] = field(default_factory=Counter)

    def count(self, method: str, name: str, response_time_ms: float, failure: str, at_s: float) -> None:
        """Count a request that ended `at_s` seconds after the start; `failure` is empty for a good one."""
        entry = self.entries.get((method, name))
        if entry is None:
            entry = self.entries[method, name] = Entry()
        entry.requests += 1
        entry.response_times_ms[bucket_response_time(response_time_ms)] += 1
        if failure:
            entry.failures[failure] += 1
        elif method in HTTP_METHODS:
            self.good_in_slice[int(at_s / SLICE_S)] += 1

    def as_json(self) -> dict[str, Any]:
        """The counts as in the message to the master."""
        return {
            "started_at": self.started_at,
            "entries": [
                {"method": method, "name": name, **entry.as_json()} for (method, name), entry in self.entries.items()
            ],
            "client_protocols": dict(self.client_protocols),
            "origin_versions": dict(self.origin_versions),
            "connections_opened": self.connections_opened,
            "origin_peers": sorted(self.origin_peers),
            "good_in_slice": {str(index): count for index, count in self.good_in_slice.items()},
            "user_errors": dict(self.user_errors),
        }


def one_result(workers: Iterable[dict[str, Any]], missing: list[str]) -> dict[str, Any]:
    """Add up the reports of all workers: `Tally.as_json()` with worker, users, seconds, ended_at and cpu_s.

    `missing` names the workers that took part and sent no report. The rate is the sum of the workers' rates of good
    responses, each over that worker's own time.
    """
    workers = sorted(workers, key=lambda worker: str(worker["worker"]))
    total, entries = Entry(), dict[tuple[str, str], Entry]()
    sums: dict[str, Counter[str]] = {name: Counter() for name in ("client_protocols", "origin_versions", "user_errors")}
    rate = 0.0
    peers: set[str] = set()
    slices: Counter[int] = Counter()
    for worker in workers:
        peers.update(worker["origin_peers"])
        slices.update({int(index): count for index, count in worker["good_in_slice"].items()})
        good = 0
        for entry in worker["entries"]:
            entries.setdefault((entry["method"], entry["name"]), Entry()).add(entry)
            if entry["method"] in HTTP_METHODS:
                total.add(entry)
                good += entry["requests"] - sum(entry["failures"].values())
        rate += good / worker["seconds"] if worker["seconds"] else 0.0
        for name, counter in sums.items():
            counter.update(worker[name])
    return {
        "format": FORMAT,
        "users": sum(worker["users"] for worker in workers),
        "started_at": min((worker["started_at"] for worker in workers), default=None),
        "ended_at": max((worker["ended_at"] for worker in workers), default=None),
        **total.as_json(),
        "good_requests_per_second": rate,
        "percentiles_ms": _percentiles(total),
        "connections_opened": sum(worker["connections_opened"] for worker in workers),
        "origin_connections": None if "" in peers else len(peers),
        "slice_s": SLICE_S,
        "good_in_slices": [slices[index] for index in range(max(slices, default=-1) + 1)],
        "client_cpu_s": sum(worker["cpu_s"] for worker in workers),
        **{name: dict(counter) for name, counter in sums.items()},
        "entries": [
            {"method": method, "name": name, **entry.as_json()} for (method, name), entry in sorted(entries.items())
        ],
        "workers": [
            {name: worker[name] for name in ("worker", "users", "seconds", "cpu_s")}
            | {"requests": sum(entry["requests"] for entry in worker["entries"] if entry["method"] in HTTP_METHODS)}
            for worker in workers
        ],
        "workers_missing": missing,
    }


def _percentiles(entry: Entry) -> dict[str, int]:
    times = dict(entry.response_times_ms)
    return {f"p{p * 100:.0f}": calculate_response_time_percentile(times, entry.requests, p) for p in _PERCENTILES}
