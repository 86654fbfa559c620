"""`--dry-run`: what would be done, and how long it would take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from topolab.catalogue import Catalogue
from topolab.cli.consoles import to_stdout, write_as_json
from topolab.cli.exit_codes import ExitCode
from topolab.cli.planned import PlannedRun, refuse_empty
from topolab.model.cell import Cell, PlannedHop
from topolab.model.combination import columns, shown
from topolab.plan.estimate import expected_total_s
from topolab.report.format import counted, duration


def show_plan(planned: PlannedRun, catalogue: Catalogue, *, as_json: bool) -> int:
    """Print the cells with their planned hops, the skips by reason, what is built first, and the expected time.

    Raises `NothingSelectedError` afterwards if there is no cell.
    """
    site = planned.choice.site
    total_s = expected_total_s(planned.plan.cells, catalogue, planned.rounds, site.stack_s)
    due = site.due(planned.plan) if planned.plan.cells else ()
    if as_json:
        write_as_json(_as_object(planned, total_s, due))
    else:
        _print(planned, total_s, due)
    refuse_empty(planned, catalogue)
    return ExitCode.MEASURED


def _as_object(planned: PlannedRun, total_s: float, due: Sequence[str]) -> dict[str, object]:
    """The plan as plain lists and dicts, with the keys of results.json where it has them too."""
    plan = planned.plan
    dimensions = shown([cell.combination for cell in plan.cells] + [skip.combination for skip in plan.skips])
    return {
        "matrix": planned.matrix.name,
        "backend": planned.choice.site.name,
        "rounds": planned.rounds,
        "expected_s": round(total_s, 1),
        "images_to_build": list(due),
        "cells": [
            {
                "id": cell.id,
                **columns(cell.combination, dimensions),
                "hops": [_hop(hop) for hop in cell.hops],
                "downgraded": cell.downgraded,
            }
            for cell in plan.cells
        ],
        "skips": [
            {"id": skip.combination.id, **columns(skip.combination, dimensions), "reason": skip.reason}
            for skip in plan.skips
        ],
    }


def _hop(hop: PlannedHop) -> dict[str, object]:
    return {
        "from": hop.source,
        "to": hop.target,
        "protocol": hop.leg.protocol.value,
        "tls": hop.leg.transport.encrypted,
    }


def _print(planned: PlannedRun, total_s: float, due: Sequence[str]) -> None:
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
    first = f", after building {', '.join(due)}" if due else ""
    summary = f"\n{counted(len(plan.cells), 'cell')} x {counted(rounds, 'round')}: about {duration(total_s)}{first}"
    console.print(Text(summary), soft_wrap=True)


def _chain(cell: Cell) -> str:
    text = cell.hops[0].source
    for hop in cell.hops:
        text += f" -{hop.leg.protocol} {hop.leg.transport}-> {hop.target}"
    return text
