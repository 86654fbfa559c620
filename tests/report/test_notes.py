"""The notes next to the tables."""

from __future__ import annotations

from dataclasses import replace

from topolab.report import Report
from topolab.report.notes import command_lines


def test_the_command_lines_of_companions_are_listed_with_those_of_servers(report: Report) -> None:
    first = report.observations[0]
    cell = next(cell for cell in report.record.plan.cells if cell.id == first.cell_id)
    argv = {"server": ("python", "-m", "x"), "task-worker": ("celery", "a b"), "proxy": ("nginx",)}
    found = command_lines(replace(report, observations=(replace(first, argv=argv),)))
    assert found == {
        f"{cell.combination.server} {cell.listener}": "python -m x",
        f"{cell.combination.app} task-worker": "celery 'a b'",
    }
