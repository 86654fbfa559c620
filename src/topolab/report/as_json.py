"""results.json: the run and every cell, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from topolab.model.combination import Dimension, columns
from topolab.model.outcome import SeenHop
from topolab.report import notes
from topolab.report.report import Report
from topolab.stats.estimate import Estimate
from topolab.stats.figures import FIGURES
from topolab.stats.summary import CellSummary


def to_json(report: Report) -> str:
    """The document, indented, ending in a newline."""
    return json.dumps(as_object(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_object(report: Report) -> dict[str, Any]:
    """The document as plain lists and dicts."""
    record = report.record
    return {
        "run": {
            "id": record.id,
            "started": record.started,
            "seed": record.seed,
            "rounds": record.rounds,
            "backend": record.backend,
            "matrix": record.matrix,
            "environment": {
                **record.environment,
                "command_lines": notes.command_lines(report),
                "load_average": [[s.load_before, s.load_after] for s in report.sittings],
            },
            "noise_floor": report.summary.noise_floor,
        },
        "cells": [_cell(cell, report.dimensions) for cell in report.summary.cells],
    }


def _cell(cell: CellSummary, dimensions: Sequence[Dimension]) -> dict[str, Any]:
    return {
        "id": cell.combination.id,
        **columns(cell.combination, dimensions),
        "status": cell.status,
        "reason": cell.reason or None,
        "hops": [_hop(hop) for hop in cell.hops],
        "downgraded": cell.downgraded,
        "rounds": cell.rounds,
        **{name: _estimate(cell.estimates.get(name)) for name in FIGURES},
        "good_responses": cell.good_responses,
        "bad_responses": None if cell.bad_responses is None else dict(cell.bad_responses),
        "client_limited": cell.client_limited,
        "steady": cell.steady,
        "warnings": [warning.value for warning in cell.warnings],
        **({"log": cell.log} if cell.log else {}),
    }


def _hop(hop: SeenHop) -> dict[str, Any]:
    return {
        "from": hop.source,
        "to": hop.target,
        "protocol": hop.protocol,
        "tls": hop.tls,
        "connections": hop.connections,
    }


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {
        "median": estimate.median,
        "low": estimate.low,
        "high": estimate.high,
        "samples": list(estimate.samples),
    }
