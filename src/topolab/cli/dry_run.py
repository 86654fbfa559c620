"""`--dry-run`: what would be done, and how long it would take."""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from topolab.catalogue import Catalogue
from topolab.cli.consoles import to_stdout
from topolab.cli.exit_codes import ExitCode
from topolab.cli.planned import PlannedRun, refuse_empty
from topolab.model.cell import Cell
from topolab.plan.estimate import expected_total_s
from topolab.report.format import counted, duration


def show_plan(planned: PlannedRun, catalogue: Catalogue) -> int:
    """Print the cells with their planned hops, the skips by reason, what is built first, and the expected time."""
    plan, rounds, console = planned.plan, planned.rounds, to_stdout()
    # Plain lines, aligned here: a rich table of a thousand rows takes longer than planning them.
    names, chains = max((len(cell.id) for cell in plan.cells), default=0), [_chain(cell) for cell in plan.cells]
    widest = max(map(len, chains), default=0)
    for cell, chain in zip(plan.cells, chains, strict=True):
        line = f"{cell.id:{names}}  {chain:{widest}}  {'downgraded' if cell.downgraded else ''}"
        console.out(line.rstrip(), highlight=False)
    reasons = Counter(skip.reason for skip in plan.skips)
    if reasons:
        console.print(Text(f"\n{len(plan.skips)} skipped:"))
        for reason, count in reasons.items():
            console.print(Text(f"  {reason}" + (f" ({count} cells)" if count > 1 else "")), soft_wrap=True)
    site = planned.choice.site
    total_s = expected_total_s(plan.cells, catalogue, rounds, site.stack_s)
    due = site.due(plan) if plan.cells else ()
    first = f", after building {', '.join(due)}" if due else ""
    summary = f"\n{counted(len(plan.cells), 'cell')} x {counted(rounds, 'round')}: about {duration(total_s)}{first}"
    console.print(Text(summary), soft_wrap=True)
    refuse_empty(planned, catalogue)
    return ExitCode.MEASURED


def _chain(cell: Cell) -> str:
    text = cell.hops[0].source
    for hop in cell.hops:
        text += f" -{hop.leg.protocol} {hop.leg.transport}-> {hop.target}"
    return text
