"""Plans a new run: the cells of a matrix that pass the filters, on a backend that can be used here."""

from __future__ import annotations

from dataclasses import dataclass

from topolab.catalogue import Catalogue, load_matrix
from topolab.cli.arguments import Arguments
from topolab.cli.consoles import Notices
from topolab.cli.sites import Choice, choose_site
from topolab.errors import NothingSelectedError
from topolab.model.cell import Plan
from topolab.model.matrix import Matrix
from topolab.plan import Filters, make_plan


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A plan, and where it would run."""

    matrix: Matrix
    rounds: int
    choice: Choice
    filters: Filters
    plan: Plan


def plan_run(arguments: Arguments, catalogue: Catalogue) -> PlannedRun:
    """Plan what the arguments ask for; say so if an engine that the user named is not used.

    Raises `InputError` or `EngineError` if something cannot be used.
    """
    matrix = load_matrix(catalogue, arguments.default_matrix if arguments.matrix is None else arguments.matrix)
    filters = Filters.parse(arguments.only, catalogue)
    choice = choose_site(arguments.backend, arguments.context, catalogue)
    if choice.warning:
        Notices(arguments.quiet).insist(f"topolab: {choice.warning}")
    plan = make_plan(matrix, catalogue, filters, choice.site.unavailable())
    return PlannedRun(matrix, arguments.rounds or matrix.rounds, choice, filters, plan)


def refuse_empty(planned: PlannedRun, catalogue: Catalogue) -> None:
    """Raise `NothingSelectedError` with the reason if no cell is left."""
    plan = planned.plan
    if plan.cells:
        return
    if not plan.skips:
        unfiltered = make_plan(planned.matrix, catalogue, Filters(), {})
        every = [cell.combination for cell in unfiltered.cells] + [skip.combination for skip in unfiltered.skips]
        raise NothingSelectedError(f"nothing selected: {planned.filters.why_none(every)}")
    reasons = list(dict.fromkeys(skip.reason for skip in plan.skips))
    more = f" (and {len(reasons) - 1} more reasons; see --dry-run)" if len(reasons) > 1 else ""
    raise NothingSelectedError(f"nothing selected: every cell is skipped: {reasons[0]}{more}")
