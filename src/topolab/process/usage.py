"""Reads what a process group has used so far from the kernel's counters (None except on Linux)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

from topolab.model.outcome import GroupUsage

_PROC = Path("/proc")
_PEAK = re.compile(rb"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_CPUCLOCK_SCHED = 2


def counters_available() -> bool:
    """Whether this kernel provides the counters of other processes that this module reads."""
    return (_PROC / "self" / "stat").exists()


def members(pgid: int) -> list[int]:
    """The ids of the group's running processes, without zombies; empty without /proc."""
    found = []
    for entry in _PROC.glob("[0-9]*") if counters_available() else ():
        try:
            # As bytes, because a command's name is cut after 15 of them and need not be text. It may contain spaces
            # and brackets; the fields start after the last closing one.
            state, _, group = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:3]
        except OSError:
            continue  # it has just ended, or belongs to another user and is hidden (proc(5), hidepid)
        if int(group) == pgid and state not in (b"Z", b"X"):
            found.append(int(entry.name))
    return found


def group_usage(pgid: int) -> GroupUsage | None:
    """Total processor time and peak memory of the group's running processes; None without counters.

    Processor time is read from each process's clock (clock_getcpuclockid(3)), which counts nanoseconds and includes
    ended threads. Peak memory is the sum of each process's VmHWM (proc_pid_status(5)): pages that forks share count
    once for each process.
    """
    if not counters_available():
        return None
    cpu_s, peak_bytes = 0.0, 0
    for pid in members(pgid):
        try:
            cpu_s += _clock_s(pid)
            peak = _PEAK.search((_PROC / str(pid) / "status").read_bytes())
        except OSError:
            continue  # it has just ended
        peak_bytes += int(peak[1]) * 1024 if peak else 0
    return GroupUsage(cpu_s=cpu_s, memory_peak_bytes=peak_bytes)


def usage_sum(usages: Iterable[GroupUsage | None]) -> GroupUsage | None:
    """Add up the processor time and peaks of several groups; None if one of them has no counters."""
    cpu_s, peaks = 0.0, list[int | None]()
    for usage in usages:
        if usage is None:
            return None
        cpu_s += usage.cpu_s
        peaks.append(usage.memory_peak_bytes)
    known = [peak for peak in peaks if peak is not None]
    return GroupUsage(cpu_s=cpu_s, memory_peak_bytes=sum(known) if len(known) == len(peaks) else None)


def process_cpu_s(pid: int) -> float | None:
    """Processor time of a running process so far; None without counters, or if there is no such process."""
    try:
        return _clock_s(pid) if counters_available() else None
    except OSError:
        return None


def _clock_s(pid: int) -> float:
    return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)


def usage_between(before: GroupUsage | None, after: GroupUsage | None) -> GroupUsage | None:
    """Processor time from `before` to `after`, and the peak at `after`."""
    if before is None or after is None:
        return None
    return GroupUsage(cpu_s=after.cpu_s - before.cpu_s, memory_peak_bytes=after.memory_peak_bytes)
