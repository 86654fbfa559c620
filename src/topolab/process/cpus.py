"""Assigns processors to client, proxy and server, so that making the load takes no CPU time from the server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CpuLayout:
    """A set of processors for each role; None if the system cannot pin processes."""

    client: frozenset[int] | None
    proxy: frozenset[int] | None
    server: frozenset[int] | None


def can_pin() -> bool:
    """Whether this system lets a process choose its processors (Linux does, macOS does not)."""
    return hasattr(os, "sched_setaffinity")


def available_cpus() -> tuple[int, ...]:
    """The processors this process may use, in order; empty if the system does not say."""
    return tuple(sorted(os.sched_getaffinity(0))) if can_pin() else ()


def cpu_layout(cpus: tuple[int, ...]) -> CpuLayout:
    """Assign one processor to the server, one to the client, and one to the proxy if there is a third.

    Each role gets a single processor, however many there are: candidates run one worker, and otherwise one that
    spreads its threads over idle processors would be compared with one that cannot. Of two processors, proxy and
    server share one; a single one is shared by all.
    """
    if not cpus:
        return CpuLayout(None, None, None)
    server, client = cpus[0], cpus[-1]
    proxy = cpus[1] if len(cpus) > 2 else server
    return CpuLayout(frozenset({client}), frozenset({proxy}), frozenset({server}))


@contextmanager
def pinned(cpus: frozenset[int] | None) -> Iterator[None]:
    """Pin the calling thread to `cpus` inside the block. Children started there stay pinned afterwards."""
    if cpus is None or not can_pin():
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
