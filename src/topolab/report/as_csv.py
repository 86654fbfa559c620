"""results.csv: one line per cell and figure-column, for spreadsheets."""

from __future__ import annotations

import csv
import io

from topolab.report.format import hops
from topolab.report.report import Report
from topolab.stats.figures import FIGURES
from topolab.stats.summary import CellSummary

_NAMES = ("id", "server", "app", "interface", "topology", "client_protocol", "profile", "status", "reason")
_SEEN = ("hops", "downgraded", "rounds")
_COUNTS = ("good_responses", "bad_responses", "client_limited", "steady", "warnings")


def to_csv(report: Report) -> str:
    """The table with a header line. A figure that was not measured is an empty field, never a zero."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    figures = [f"{name}_{part}" for name in FIGURES for part in ("median", "low", "high")]
    writer.writerow([*_NAMES, *_SEEN, *figures, *_COUNTS])
    for cell in report.summary.cells:
        writer.writerow(_row(cell))
    return text.getvalue()


def _row(cell: CellSummary) -> list[object]:
    combination = cell.combination
    row: list[object] = [combination.id, combination.server, combination.app, combination.interface.value]
    row += [combination.topology, combination.client_protocol.value, combination.profile, cell.status, cell.reason]
    row += [hops(cell.hops), cell.downgraded, cell.rounds]
    for name in FIGURES:
        estimate = cell.estimates.get(name)
        row += [estimate.median, estimate.low, estimate.high] if estimate else ["", "", ""]
    bad = None if cell.bad_responses is None else sum(cell.bad_responses.values())
    row += [cell.good_responses, bad, cell.client_limited, cell.steady]
    row.append("; ".join(warning.label for warning in cell.warnings))
    return ["" if value is None else value for value in row]
