"""Whether a claim holds in a run, decided by the measured intervals and the noise floor. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from topolab.errors import InputError
from topolab.model.claim import Check, Claim
from topolab.stats.compare import Comparison
from topolab.stats.estimate import Estimate
from topolab.stats.figures import FIGURES
from topolab.stats.summary import CellSummary, RunSummary


class Verdict(StrEnum):
    """What a run says about a claim. Where checks differ, the first of these that one of them has is the verdict."""

    NOT_MEASURED = "not measured"
    FAILS = "does not hold"
    OPEN = "not shown"
    HOLDS = "holds"


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict of one check and the figures behind it. `other` and `comparison` are for two cells."""

    check: Check
    verdict: Verdict
    cell: CellSummary
    figure: Estimate | None
    other: CellSummary | None = None
    other_figure: Estimate | None = None
    comparison: Comparison | None = None


def judge(claim: Claim, summary: RunSummary) -> tuple[Verdict, tuple[Finding, ...]]:
    """The verdict of the weakest check, and what each check found. Raises `InputError` for unknown names."""
    findings = tuple(_find(check, summary) for check in claim.checks)
    verdicts = {finding.verdict for finding in findings}
    return next(verdict for verdict in Verdict if verdict in verdicts), findings


def _find(check: Check, summary: RunSummary) -> Finding:
    if check.figure not in FIGURES:
        raise InputError(f"{check.cell}: unknown figure {check.figure!r}; expected one of {', '.join(FIGURES)}")
    if sum(map(bool, (check.less_than, check.more_than, check.about is not None))) != 1:
        raise InputError(f"{check.cell}: {check.figure} needs one of less_than, more_than and about")
    cell = _cell(check.cell, summary)
    figure = cell.estimates.get(check.figure)
    if check.about is not None:
        return Finding(check, _about(figure, check.about, check.within), cell, figure)
    other = _cell(check.less_than or check.more_than, summary)
    comparison = summary.against(cell, other, check.figure)
    verdict = _compared(comparison, less=bool(check.less_than))
    return Finding(check, verdict, cell, figure, other, other.estimates.get(check.figure), comparison)


def _cell(cell_id: str, summary: RunSummary) -> CellSummary:
    found = next((cell for cell in summary.cells if cell.combination.id == cell_id), None)
    if found is None:
        raise InputError(f"the run has no cell {cell_id}; claims are about the cells of the matrix they name")
    return found


def _about(figure: Estimate | None, value: float, within: float) -> Verdict:
    """It holds where the whole interval is near the value, and fails where the whole interval is away from it."""
    if figure is None:
        return Verdict.NOT_MEASURED
    low, high = value * (1 - within), value * (1 + within)
    if low <= figure.low and figure.high <= high:
        return Verdict.HOLDS
    return Verdict.FAILS if figure.high < low or figure.low > high else Verdict.OPEN


def _compared(comparison: Comparison | None, *, less: bool) -> Verdict:
    if comparison is None:
        return Verdict.NOT_MEASURED
    if not comparison.shown:
        return Verdict.OPEN
    return Verdict.HOLDS if (comparison.ratio.median < 1) is less else Verdict.FAILS
