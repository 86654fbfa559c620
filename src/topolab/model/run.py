"""One execution of a matrix: what has to be kept so that it can be resumed, and reported with no server running."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from topolab.model.cell import Plan
from topolab.model.matrix import Rows
from topolab.model.profile import AnyLoad
from topolab.model.topology import TopologyRecord

FORMAT_VERSION = 3
"""Of the results folder. 1 (November 2026): the first. 2: peak memory is what the backend can count, or null.
3: a driver may not see the origin's protocol; the files a tool wrote are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What a run is, fixed when it starts. `environment` holds JSON values; `started` is UTC, ISO 8601."""

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
    charts: bool = False
    rows: Rows = Rows.SERVERS
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One stretch of a run's work, from start or resumption to end or interruption, and the load average around it.

    `images_s` of `wall_s` went into building images.
    """

    wall_s: float
    load_before: float
    load_after: float
    images_s: float = 0.0
