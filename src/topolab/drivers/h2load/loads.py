"""One job of the h2load worker: the tool is run, what it wrote is kept, and what it wrote is what is measured."""

from __future__ import annotations

import shutil
import tempfile
import time
from bisect import bisect_right
from itertools import pairwise
from pathlib import Path
from typing import Any

from topolab.drivers.h2load.command import h2load_argv
from topolab.drivers.h2load.output import Rows, Summary, parse_rows, parse_summary
from topolab.drivers.latency import latency_histogram, percentiles_ms
from topolab.drivers.protocol import Job
from topolab.drivers.worker import Gate, LoadError
from topolab.model.load import ClosedLoad, CountLoad, Measurement
from topolab.model.protocol import Protocol
from topolab.process.child import Child, Ran

_WARM = "Main benchmark duration is started"
_LOADED = "Main benchmark duration is over"
_SERIES_SLICE_S = 0.1
_GRACE_S = 2.0


def do(job: Job, gate: Gate) -> Measurement:
    """Make one job's load with h2load."""
    profile = job.profile
    if not isinstance(profile, CountLoad | ClosedLoad):
        raise LoadError(f"h2load makes no load of the kind {profile.kind!r}.")
    if shutil.which("h2load") is None:
        raise LoadError("there is no h2load on PATH.")
    with tempfile.TemporaryDirectory(prefix="h2load-") as folder:
        log_path = Path(folder) / "requests.tsv"
        argv = h2load_argv(job.target, profile, str(log_path))
        if isinstance(profile, CountLoad):
            ran, began = _counted(argv, profile, gate)
        else:
            ran, began = _timed(argv, profile, gate)
        log = log_path.read_bytes() if log_path.is_file() else b""
        gate.keep("h2load.txt", f"{' '.join(argv)}\n{ran.output}".encode())
        gate.keep("h2load-requests.tsv", log)
    if ran.code is None:
        answered = len(parse_rows(log.decode()).took_us)
        raise LoadError(f"h2load did not end in time and was stopped; by then {answered} requests had a good answer")
    summary, rows = parse_summary(ran.output), parse_rows(log.decode())
    return measured(profile, job.target.client_protocol.protocol, summary, rows, ran, began)


def _counted(argv: list[str], profile: CountLoad, gate: Gate) -> tuple[Ran, float]:
    gate.warm()
    began = time.time()
    ran = Child(argv).run(time.monotonic() + profile.timeout_s, lambda _line: None)
    gate.loaded()
    return ran, began


def _timed(argv: list[str], profile: ClosedLoad, gate: Gate) -> tuple[Ran, float]:
    """h2load does not wait: the counters are read while it begins its main part, and again while it ends it.

    Beside the run, when its main part began, in seconds since the epoch.
    """
    child = Child(argv)
    began = 0.0
    passed: set[str] = set()

    def on_line(line: str) -> None:
        nonlocal began
        if line.startswith(_WARM):
            began = time.time()
            child.restart_counting()
            gate.warm()
            passed.add(_WARM)
        elif line.startswith(_LOADED):
            gate.loaded()
            passed.add(_LOADED)

    longest_s = profile.warm_up_s + profile.duration_s + profile.timeout_s + _GRACE_S
    ran = child.run(time.monotonic() + longest_s, on_line)
    if _LOADED not in passed:
        gate.keep("h2load.txt", ran.output.encode())
        last = ran.output.strip().splitlines()[-1:] or ["nothing at all"]
        raise LoadError(f"h2load ended before its main part was over; its last line is {last[0][:200]!r}")
    return ran, began


def measured(
    profile: CountLoad | ClosedLoad, protocol: Protocol, summary: Summary, rows: Rows, ran: Ran, began: float
) -> Measurement:
    """What the summary and the rows say together. Raises `LoadError` where they do not agree.

    A counted load that is not complete and good has no figure. `began` is when, in seconds since the epoch.
    """
    good, size = len(rows.took_us), len(profile.body.encode())
    if good != summary.succeeded - summary.statuses["3xx"]:
        raise LoadError(f"h2load's log has {good} good requests, its summary {summary.succeeded}")
    if summary.body_bytes < good * size or (
        isinstance(profile, CountLoad) and not summary.bad and summary.body_bytes != good * size
    ):
        raise LoadError(f"{good} responses had {summary.body_bytes} bytes of body; the profile's body has {size} each")
    histogram = latency_histogram(rows.took_us)
    lanes = profile.lanes(protocol)
    figures: dict[str, Any] = percentiles_ms(histogram) if good else {}
    seconds = summary.finished_s
    series: tuple[int, ...] = ()
    if isinstance(profile, ClosedLoad):
        seconds = profile.duration_s
        figures["requests_per_second"] = good / seconds
        series = _series(rows, began, seconds)
    elif good == profile.requests:
        figures |= {"finish_seconds": seconds, "requests_per_second": good / seconds}
    return Measurement(
        seconds=seconds,
        good_responses=good,
        bad_responses=summary.bad,
        responses_in_window=good,
        client_cpu_s=ran.cpu_s,
        client_wall_s=ran.wall_s,
        client_connections=lanes.connections if good else 0,
        client_protocols={summary.protocol: good} if summary.protocol else {},
        origin_protocols=None,
        series_slice_s=_SERIES_SLICE_S,
        series=series,
        histogram=histogram.encode().decode("ascii"),
        **figures,
    )


def _series(rows: Rows, began: float, seconds: float) -> tuple[int, ...]:
    """Good responses in each slice of a timed load."""
    ended_at = sorted(rows.ended_at)
    edges = [began + index * _SERIES_SLICE_S for index in range(1, round(seconds / _SERIES_SLICE_S))]
    upto = [0, *(bisect_right(ended_at, edge) for edge in edges), len(ended_at)]
    return tuple(after - before for before, after in pairwise(upto))
