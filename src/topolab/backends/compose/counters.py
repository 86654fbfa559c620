"""What a container has used so far, from its cgroup's counters: read directly on this machine, else by the engine."""

from __future__ import annotations

import re
from pathlib import Path

from topolab.backends.compose.engine import Container, Engine
from topolab.errors import EngineError
from topolab.model.outcome import GroupUsage

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_NS = 1e-9
_US = 1e-6


def container_usage(engine: Engine, container: Container) -> GroupUsage | None:
    """CPU seconds, and the peak of the memory that its limit counts; None if neither way provides them.

    Memory is the cgroup's, so it includes the page cache of files that the container was the first to read.
    """
    here = _read_here(container.id, container.pid)
    if here is not None:
        return here
    try:
        cpu_ns, peak_bytes = engine.counters(container.id)
    except EngineError:
        return None
    return GroupUsage(cpu_s=cpu_ns * _NS, memory_peak_bytes=peak_bytes)


def _read_here(container_id: str, pid: int) -> GroupUsage | None:
    """Read this machine's cgroup files; None if the container's process is not on this machine."""
    try:
        membership = (_PROC / str(pid) / "cgroup").read_text()
        if container_id not in membership:
            return None  # the engine is elsewhere, and here `pid` is another process
        return read_cgroup(_CGROUPS, membership)
    except (OSError, ValueError):  # a kernel without these counters
        return None


def read_cgroup(root: Path, membership: str) -> GroupUsage:
    """The counters of the group that a /proc/PID/cgroup text names, below the mount point `root`.

    Version 1 counts in `cpuacct.usage` (ns) and `memory.max_usage_in_bytes`; version 2 in `cpu.stat` (us) and
    `memory.peak`, which kernels before 5.19 lack. Raises `OSError` or `ValueError` if CPU time cannot be read.
    """
    paths = {}
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path.lstrip("/")))
    if "cpuacct" in paths:
        cpu_s = int((root / "cpuacct" / paths["cpuacct"] / "cpuacct.usage").read_text()) * _NS
        peak = root / "memory" / paths.get("memory", "no such controller") / "memory.max_usage_in_bytes"
    else:
        unified = root / paths.get("", "no such group")
        found = re.search(r"^usage_usec (\d+)$", (unified / "cpu.stat").read_text(), re.MULTILINE)
        if not found:
            raise ValueError("cpu.stat has no usage_usec")
        cpu_s = int(found[1]) * _US
        peak = unified / "memory.peak"
    return GroupUsage(cpu_s=cpu_s, memory_peak_bytes=int(peak.read_text()) if peak.exists() else None)
