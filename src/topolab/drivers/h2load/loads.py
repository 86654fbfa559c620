"""One job of the h2load worker: run the tool, keep its output, and take the measurement from it."""

from __future__ import annotations

import shlex
import shutil
import tempfile
import time
from bisect import bisect_right
from itertools import pairwise
from pathlib import Path
from typing import Any

from topolab.drivers.h2load.command import h2load_argv
from topolab.drivers.h2load.output import Rows, Summary, last_words, parse_rows, parse_summary
from topolab.drivers.latency import SERIES_SLICE_S, latency_histogram, percentiles_ms
from topolab.drivers.protocol import Job
from topolab.drivers.worker import Gate, LoadError
from topolab.model.measurement import Measurement
from topolab.model.profile import ClosedLoad, CountLoad
from topolab.model.protocol import Protocol
from topolab.process.child import Child, Ran, ending_of

_WARM = "Main benchmark duration is started"
_LOADED = "Main benchmark duration is over"
_GRACE_S = 2.0


def do(job: Job, gate: Gate) -> Measurement:
    """Make a job's load with h2load. Its output is kept even if no measurement results."""
    profile = job.profile
    if not isinstance(profile, CountLoad | ClosedLoad):
        raise LoadError(f"h2load makes no load of the kind {profile.kind!r}")
    if shutil.which("h2load") is None:
        raise LoadError("h2load is not on PATH")
    with tempfile.TemporaryDirectory(prefix="h2load-") as folder:
        log_path = Path(folder) / "requests.tsv"
        argv = h2load_argv(job.target, profile, str(log_path))
        ran = _counted(argv, profile, gate) if isinstance(profile, CountLoad) else _timed(argv, profile, gate)
        log = log_path.read_bytes() if log_path.is_file() else b""
    gate.keep("h2load.txt", f"{shlex.join(argv)}\n{ran.output}".encode())
    gate.keep("h2load-requests.tsv", log)
    rows = parse_rows(log.decode())
    if ran.code is None:
        good = len(rows.good.took_us)
        raise LoadError(f"h2load did not end in time and was stopped; by then {good} requests had a good answer")
    if ran.code:
        raise LoadError(f"h2load {ending_of(ran.code)}; {last_words(ran.output)}")
    if isinstance(profile, ClosedLoad) and _LOADED not in ran.output:
        raise LoadError(f"h2load ended before its main part was over; {last_words(ran.output)}")
    return measured(profile, job.target.client_protocol.protocol, parse_summary(ran.output), rows, ran)


def _counted(argv: list[str], profile: CountLoad, gate: Gate) -> Ran:
    gate.warm()
    ran = Child(argv).run(time.monotonic() + profile.timeout_s, lambda _line: None)
    gate.loaded()
    return ran


def _timed(argv: list[str], profile: ClosedLoad, gate: Gate) -> Ran:
    """Run a timed load. h2load does not wait: counters are read while its main part begins, and again while it ends."""
    child = Child(argv)

    def on_line(line: str) -> None:
        if line.startswith(_WARM):
            child.restart_counting()
            gate.warm()
        elif line.startswith(_LOADED):
            gate.loaded()

    longest_s = profile.warm_up_s + profile.duration_s + profile.timeout_s + _GRACE_S
    return child.run(time.monotonic() + longest_s, on_line)


def measured(
    profile: CountLoad | ClosedLoad, protocol: Protocol, summary: Summary, rows: Rows, ran: Ran
) -> Measurement:
    """Combine the summary and the rows. Raises `LoadError` if they disagree.

    A counted load has figures only if it is complete and good. A timed load that lost connections has no measurement.
    """
    if rows.succeeded != summary.succeeded:
        raise LoadError(f"h2load's log has {rows.succeeded} successful requests, but its summary {summary.succeeded}")
    good_rows = rows.good
    good, size = len(good_rows.took_us), len(profile.body.encode())
    if summary.body_bytes < good * size or (
        isinstance(profile, CountLoad) and not summary.bad and summary.body_bytes != good * size
    ):
        raise LoadError(f"{good} responses had {summary.body_bytes} bytes of body, but each should have {size}")
    histogram = latency_histogram(good_rows.took_us)
    lanes = profile.lanes(protocol)
    figures: dict[str, Any] = percentiles_ms(histogram) if good else {}
    seconds = summary.finished_s
    series: tuple[int, ...] = ()
    if isinstance(profile, ClosedLoad):
        seconds = profile.duration_s
        if lost := rows.lanes_lost(lanes.in_flight, seconds):
            raise LoadError(
                f"{lost} of {lanes.in_flight} concurrent requests stopped before the end: during a timed load, h2load "
                "does not replace connections that end"
            )
        figures["requests_per_second"] = good / seconds
        series = _series(good_rows, seconds)
    elif good == profile.requests:
        if summary.requests_per_second >= 1:
            seconds = good / summary.requests_per_second  # the same time with more digits
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
        series_slice_s=SERIES_SLICE_S,
        series=series,
        histogram=histogram.encode().decode("ascii"),
        **figures,
    )


def _series(rows: Rows, seconds: float) -> tuple[int, ...]:
    """Good responses in each slice of a timed load, counted from the first of them."""
    ended_us = sorted(rows.ended_us)
    if not ended_us:
        return (0,) * round(seconds / SERIES_SLICE_S)
    slices = range(1, round(seconds / SERIES_SLICE_S))
    upto = [0, *(bisect_right(ended_us, ended_us[0] + round(1e6 * SERIES_SLICE_S * i)) for i in slices), len(ended_us)]
    return tuple(after - before for before, after in pairwise(upto))
