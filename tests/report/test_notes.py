"""The notes next to the tables."""

from __future__ import annotations

from dataclasses import replace

from topolab.report import Report
from topolab.report.notes import command_lines, where_the_time_went


def test_companions_command_lines_are_listed_with_the_servers(report: Report) -> None:
    first = report.observations[0]
    cell = next(cell for cell in report.record.plan.cells if cell.id == first.cell_id)
    argv = {"server": ("python", "-m", "x"), "task-worker": ("celery", "a b"), "proxy": ("nginx",)}
    found = command_lines(replace(report, observations=(replace(first, argv=argv),)))
    assert found == {
        f"{cell.combination.server} {cell.listener}": "python -m x",
        f"{cell.combination.app} task-worker": "celery 'a b'",
    }


def test_building_images_is_listed_separately_in_the_account(report: Report) -> None:
    (sitting,) = report.sittings
    without, built = where_the_time_went(report), replace(sitting, wall_s=sitting.wall_s + 84, images_s=84.0)
    assert "images built" not in without
    found = where_the_time_went(replace(report, sittings=(built,)))
    assert found.partition(": ")[2].startswith("images built 84 s, load ")
    own = without[without.index("topolab itself") : without.index(" (")]
    assert own in found
