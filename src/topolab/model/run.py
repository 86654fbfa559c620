"""One execution of a matrix: what is kept so that it can be resumed, and reported without running servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from topolab.model.cell import Plan
from topolab.model.matrix import Rows
from topolab.model.profile import AnyLoad
from topolab.model.topology import TopologyRecord

FORMAT_VERSION = 3
"""The results folder's format. 1 (November 2026): the first. 2: peak memory is what the backend can count, or null.
3: a driver may not see the origin's protocol; files written by a tool are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverRecord:
    """The part of a driver that a run keeps for its reports: whether its loads are visits, and how to read them."""

    visits: bool = False
    reading: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run's definition, fixed when it starts. `environment` has JSON values; `started` is UTC in ISO 8601.

    `drivers` is empty in the first runs of this format.
    """

    id: str
    started: str
    seed: int
    rounds: int
    backend: str
    matrix: str
    environment: Mapping[str, object]
    plan: Plan
    profiles: Mapping[str, AnyLoad]
    topologies: Mapping[str, TopologyRecord]
    drivers: Mapping[str, DriverRecord] = field(default_factory=dict)
    charts: bool = False
    rows: Rows = Rows.SERVERS
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One sitting of a run, from start or resumption to end or interruption, with the load average before and after.

    `images_s` is the part of `wall_s` that went into building images.
    """

    wall_s: float
    load_before: float
    load_after: float
    images_s: float = 0.0
