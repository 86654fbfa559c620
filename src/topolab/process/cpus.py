"""Which processors the client, the proxy and the server get, so that the load does not steal from what it measures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CpuLayout:
    """A set of processors per role; None where the system cannot pin processes."""

    client: frozenset[int] | None
    proxy: frozenset[int] | None
    server: frozenset[int] | None


def can_pin() -> bool:
    """Whether this system lets a process choose its processors (Linux does, macOS does not)."""
    return hasattr(os, "sched_setaffinity")


def available_cpus() -> tuple[int, ...]:
    """The processors this process may use, in order; empty where the system does not tell."""
    return tuple(sorted(os.sched_getaffinity(0))) if can_pin() else ()


def cpu_layout(cpus: tuple[int, ...]) -> CpuLayout:
    """One processor for the server, one for the client, one for the proxy where there is a third.

    A single processor each, however many there are: a candidate runs one worker, and one that spreads its own
    threads over idle processors would otherwise be compared with one that cannot. With two the proxy shares the
    server's; with one everything shares it.
    """
    if not cpus:
        return CpuLayout(None, None, None)
    server, client = cpus[0], cpus[-1]
    proxy = cpus[1] if len(cpus) > 2 else server
    return CpuLayout(frozenset({client}), frozenset({proxy}), frozenset({server}))


@contextmanager
def pinned(cpus: frozenset[int] | None) -> Iterator[None]:
    """Keep the calling thread on `cpus` meanwhile: a child started inside inherits it for good."""
    if cpus is None or not can_pin():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
