"""The outcome of a cell in one round: measured, or failed at a stage. A failure is a value, never a zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from topolab.model.measurement import Measurement


class Stage(StrEnum):
    """The steps of measuring a cell, in order; a failure names its step."""

    START = "start"
    READY = "ready"
    PROVE = "prove"
    WARM_UP = "warm-up"
    LOAD = "load"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenHop:
    """One hop as observed during the load. `connections` is None if neither end can report them."""

    source: str
    target: str
    protocol: str
    tls: bool
    connections: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupUsage:
    """What a process group or container used: CPU seconds, and peak memory so far (None: not counted)."""

    cpu_s: float
    memory_peak_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Where the wall time of one observation went, in seconds."""

    server_start_s: float = 0.0
    warm_up_s: float = 0.0
    load_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A cell measured once. Usage is None if the kernel does not report it or there is no such group."""

    measurement: Measurement
    hops: tuple[SeenHop, ...]
    server_usage: GroupUsage | None = None
    proxy_usage: GroupUsage | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A cell that could not be measured in this round, with whatever the client did count."""

    stage: Stage
    message: str
    log: str = ""
    measurement: Measurement | None = None


Outcome = Measured | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One cell in one round: the unit that the store commits.

    `files` lists what its tool wrote, below the results folder. `disturbed` means that another run was measuring on the
    machine.
    """

    cell_id: str
    round: int
    outcome: Outcome
    timings: Timings
    argv: Mapping[str, tuple[str, ...]]
    files: tuple[str, ...] = ()
    disturbed: bool = False
