"""results.csv: one line per cell, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from topolab.model.combination import Dimension, columns
from topolab.report.format import hops
from topolab.report.report import Report
from topolab.stats.figures import FIGURES
from topolab.stats.summary import CellSummary

_OUTCOME = ("status", "reason", "hops", "downgraded", "rounds")
_COUNTS = ("good_responses", "bad_responses", "client_limited", "steady", "warnings")


def to_csv(report: Report) -> str:
    """The table with a header line. A figure that was not measured is an empty field, never a zero."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    figures = [f"{name}_{part}" for name in FIGURES for part in ("median", "low", "high")]
    names = [name for dimension in report.dimensions for name in dimension.fields]
    writer.writerow(["id", *names, *_OUTCOME, *figures, *_COUNTS])
    for cell in report.summary.cells:
        writer.writerow(_row(cell, report.dimensions))
    return text.getvalue()


def _row(cell: CellSummary, dimensions: Sequence[Dimension]) -> list[object]:
    row: list[object] = [cell.combination.id, *columns(cell.combination, dimensions).values()]
    row += [cell.status, cell.reason, hops(cell.hops), cell.downgraded, cell.rounds]
    for name in FIGURES:
        estimate = cell.estimates.get(name)
        # A count, such as bytes, is a whole number, but the median of two of them need not be: one format for a column.
        row += [float(x) for x in (estimate.median, estimate.low, estimate.high)] if estimate else ["", "", ""]
    bad = None if cell.bad_responses is None else sum(cell.bad_responses.values())
    row += [cell.good_responses, bad, cell.client_limited, cell.steady]
    row.append("; ".join(warning.label for warning in cell.warnings))
    return ["" if value is None else value for value in row]
