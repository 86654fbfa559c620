"""The visits of a browser: read from the files next to the store, and written as page.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from topolab.errors import StoreError
from topolab.model.combination import PROTOCOL, TOPOLOGY, Combination, Dimension, Setting, columns
from topolab.model.outcome import Measured, Observation
from topolab.model.visit import SCREENSHOT_FILE, Visit, visit_paths
from topolab.report.report import Report
from topolab.stats.summary import CellSummary

_visits = TypeAdapter(Visit)


@dataclass(frozen=True, slots=True)
class Shown:
    """The visit that represents a cell: its median round. Paths are relative to the results folder."""

    combination: Combination
    visit: Visit
    visit_path: str
    screenshot_path: str


def read_visits(report: Report, folder: Path) -> list[Shown]:
    """One for each cell that a browser measured, in the order of the plan. Raises `StoreError` for a damaged file."""
    found = []
    for cell in report.record.plan.cells:
        of_cell = [_read(o, folder) for o in report.observations if o.cell_id == cell.id and _measured_by_a_browser(o)]
        if of_cell:
            path, visit = sorted(of_cell, key=lambda pair: pair[1].total_ms)[(len(of_cell) - 1) // 2]
            screenshot = str(PurePosixPath(path).with_name(SCREENSHOT_FILE))
            found.append(Shown(cell.combination, visit, path, screenshot))
    return found


def _measured_by_a_browser(observation: Observation) -> bool:
    return isinstance(observation.outcome, Measured) and bool(visit_paths(observation))


def _read(observation: Observation, folder: Path) -> tuple[str, Visit]:
    (path,) = visit_paths(observation)
    try:
        return path, _visits.validate_json((folder / path).read_bytes())
    except (OSError, ValidationError) as error:
        raise StoreError(f"{folder / path}: cannot be read as a visit: {error}; start a new run") from error


def to_page_json(report: Report, shown: list[Shown]) -> str:
    """For each cell of a browser, the total and every request of the visit that the waterfall shows."""
    by_id = {visit.combination.id: visit for visit in shown}
    dimensions = [d for d in report.dimensions if isinstance(d, Setting) or d in (TOPOLOGY, PROTOCOL)]
    cells = [
        _cell(cell, dimensions, by_id.get(cell.combination.id))
        for cell in report.summary.cells
        if cell.combination.profile in report.visited
    ]
    return json.dumps({"run": report.record.id, "cells": cells}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _cell(of: CellSummary, dimensions: Sequence[Dimension], shown: Shown | None) -> Mapping[str, Any]:
    cell = {
        "id": of.combination.id,
        **columns(of.combination, dimensions),
        "status": of.status,
        "reason": of.reason or None,
    }
    if shown is None:
        return cell
    visit = shown.visit
    return {
        **cell,
        "total_seconds": round(visit.total_ms / 1000, 4),
        "connections": visit.connections,
        "protocols": list(visit.protocols),
        "http2_switched_off": visit.http2_switched_off,
        "chromium": visit.chromium,
        "screenshot": shown.screenshot_path,
        "visit": shown.visit_path,
        "requests": [asdict(fetch) for fetch in visit.fetches],
    }
