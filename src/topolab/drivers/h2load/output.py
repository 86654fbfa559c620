"""Parses h2load's output and log. Pure. Seen with 1.64; its man page describes the log's columns."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress

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
_BEFORE = 0  # the status of a row whose response began before the main part of a timed load
_MARGIN_US = 300_000  # how much longer than the longest request a lane may stall at the end, if not a tenth of the load


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of h2load's output. `protocol` is empty if no connection was made.

    `finished_s` is printed with few digits; the rate has more. In a timed load, `errored` does not include the requests
    of lost connections, and `body_bytes` includes the warm-up.
    """

    protocol: str
    finished_s: float
    requests_per_second: float
    total: int
    succeeded: int
    failed: int
    errored: int
    timed_out: int
    statuses: Mapping[str, int]
    body_bytes: int

    @property
    def bad(self) -> dict[str, int]:
        """Bad responses by kind, in the words of the other drivers. h2load's `failed` includes errors and timeouts."""
        kinds = {
            "not answered": self.errored,
            "timed out": self.timed_out,
            **{f"status {kind}": self.statuses[kind] for kind in ("3xx", "4xx", "5xx")},
        }
        known = {kind: count for kind, count in kinds.items() if count}
        other = self.failed - sum(known.values())
        return {**known, "failed": other} if other > 0 else known


@dataclass(frozen=True, slots=True)
class Rows:
    """The log's rows, in order: status, when the response ended, in us since the epoch, and how long it took.

    Status -1 means an incomplete response.
    """

    statuses: array[int]
    ended_us: array[int]
    took_us: array[int]

    @property
    def good(self) -> Rows:
        """The rows with status 2xx."""
        kept = [200 <= status < 300 for status in self.statuses]
        columns = (self.statuses, self.ended_us, self.took_us)
        return Rows(*(array("q", compress(column, kept)) for column in columns))

    @property
    def succeeded(self) -> int:
        """How many rows h2load's summary counts as succeeded, which includes 3xx and rows without a known status."""
        return sum(1 for status in self.statuses if status == _BEFORE or 200 <= status < 400)

    def lanes_lost(self, in_flight: int, duration_s: float) -> int:
        """How many of a timed load's `in_flight` lanes sent no more requests well before its end.

        During a timed load, h2load neither replaces nor reports a connection that ends, except after an orderly close
        of HTTP/1.1: it continues with the others. While all lanes live, all of them are in flight right after each
        start of a request. The log has only requests that ended, so this looks at starts so early that everything
        then in flight must have ended before the load did: the largest number in flight is that of the live lanes.
        Returns 0 if the load is too short for that.
        """
        if not self.took_us:
            return 0
        longest = max(self.took_us)
        # The main part began before its first response ended, by at most the longest duration.
        duration_us = round(1e6 * duration_s)
        latest = min(self.ended_us) + duration_us - 2 * longest - max(_MARGIN_US, duration_us // 10)
        if latest - longest <= min(self.ended_us):
            return 0
        ends = sorted(self.ended_us)
        starts = sorted(ended - took for ended, took in zip(self.ended_us, self.took_us, strict=True))
        recent = range(bisect_left(starts, latest - longest), bisect_right(starts, latest))
        most = max((index + 1 - bisect_right(ends, starts[index]) for index in recent), default=0)
        return max(0, in_flight - most)


def parse_summary(output: str) -> Summary:
    """Parse the summary. Raises `LoadError` with h2load's last line if it did not print one."""
    found = [pattern.search(output) for pattern in (_FINISHED, _REQUESTS, _STATUSES, _BODIES)]
    finished, requests, statuses, bodies = found
    if finished is None or requests is None or statuses is None or bodies is None:
        raise LoadError(f"h2load's output ends before its summary; {last_words(output)}")
    total, _started, _done, succeeded, failed, errored, timed_out = map(int, requests.groups())
    application = _APPLICATION.search(output)
    spoken = application[1] if application else ""
    return Summary(
        protocol=_PROTOCOLS.get(spoken, spoken),
        finished_s=float(finished[1]) * _SECONDS[finished[2]],
        requests_per_second=float(finished[3]),
        total=total,
        succeeded=succeeded,
        failed=failed,
        errored=errored,
        timed_out=timed_out,
        statuses=dict(zip(("2xx", "3xx", "4xx", "5xx"), map(int, statuses.groups()), strict=True)),
        body_bytes=int(bodies[1]),
    )


def parse_rows(log: str) -> Rows:
    """Parse a log's rows: start in us since the epoch, status, duration in us. Truncated rows are left out."""
    rows = Rows(array("q"), array("q"), array("q"))
    for line in log.splitlines(keepends=True):
        fields = line.split("\t")
        if len(fields) < 3 or not line.endswith("\n"):
            continue
        start, status, took = (int(field) for field in fields[:3])
        rows.statuses.append(status)
        rows.ended_us.append(start + took)
        rows.took_us.append(took)
    return rows


def last_words(output: str) -> str:
    """The last line that is not empty, phrased to end a sentence."""
    last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")
    return f"its last line is {last[:200]!r}" if last else "it wrote nothing"
