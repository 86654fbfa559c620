"""The report of a run with every possible outcome of a cell, read back from a store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from support.made_run import FAILURE, cell, measured, page, rates, record, rounds, skip
from topolab.model.cell import Cell, Skip
from topolab.model.outcome import Failed, Observation, Stage
from topolab.model.run import Sitting
from topolab.report import Report, read_report
from topolab.store import Store

DIRECT = cell()
ALB = cell(topology="alb")
COPY = cell(replica=1)
FAILED = cell("granian-asgi")
FAILED_ONCE = cell("granian-asgi", "alb")
STEADY = cell(profile="steady")
PAGE = cell(profile="page-24")
FAILED_PAGE = cell("granian-asgi", profile="page-24")
NOT_REACHED = cell("uvicorn-zttp")
SKIPPED = skip()

CELLS = (DIRECT, ALB, FAILED, FAILED_ONCE, STEADY, PAGE, FAILED_PAGE, NOT_REACHED, COPY)
BAD_GATEWAY = Failed(Stage.LOAD, "no good response: 32 status 502", "upstream | closed\n<html> *bold* `code`")
OBSERVATIONS = (
    *rates(DIRECT, 1000.0, 1010.0, 990.0),
    *rounds(ALB, *(measured(ALB, requests_per_second=rate, bad_responses={"timeout": 1}) for rate in (500, 510, 490))),
    *rounds(FAILED, FAILURE, FAILURE, FAILURE),
    *rounds(FAILED_ONCE, measured(FAILED_ONCE, (4, None)), BAD_GATEWAY, measured(FAILED_ONCE, (4, None))),
    *rates(STEADY, *(500.0,) * 3, p50_ms=1.0, p90_ms=2.0, p99_ms=30.0, offered_requests=1500, responses_in_window=1400),
    *rounds(PAGE, page(PAGE, 3.2), page(PAGE, 3.3), page(PAGE, 3.1)),
    *rounds(FAILED_PAGE, BAD_GATEWAY),
    *rates(COPY, 980.0, 980.0, 1000.0),
)
SITTINGS = (Sitting(wall_s=100.0, load_before=0.5, load_after=1.5),)


def stored_report(
    folder: Path,
    cells: Sequence[Cell] = CELLS,
    skips: Sequence[Skip] = (SKIPPED,),
    observations: Sequence[Observation] = OBSERVATIONS,
    sittings: Sequence[Sitting] = SITTINGS,
) -> Report:
    """Build the report through a store in a new folder, like every report."""
    with Store.create(folder, record(cells, skips)) as store:
        for made in observations:
            store.add(made)
        for sitting in sittings:
            store.keep_sitting(sitting)
    with Store.open(folder) as store:
        return read_report(store)
