"""The notes next to the tables."""

from __future__ import annotations

from dataclasses import replace

from support.users_profile import PROFILE as USERS
from topolab.model.run import DriverRecord
from topolab.report import Report
from topolab.report.notes import command_lines, reading, where_the_time_went


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


def test_the_notes_of_a_load_and_its_driver_appear_once(report: Report) -> None:
    record = replace(report.record, profiles=dict.fromkeys(report.record.profiles, USERS))
    said = [line for line in reading(replace(report, record=record)) if "closed loop" in line or "Locust" in line]
    assert said == [
        "Users are a closed loop.",
        "Locust rounds response times to whole milliseconds below 100 and to two digits above, "
        "and includes those of failed requests.",
    ]


def test_a_run_that_recorded_no_drivers_is_read_with_what_its_loads_say(report: Report) -> None:
    users = dict.fromkeys(report.record.profiles, USERS)
    old = reading(replace(report, record=replace(report.record, profiles=users, drivers={})))
    quiet = {"locust": DriverRecord()}
    assert old == reading(replace(report, record=replace(report.record, profiles=users, drivers=quiet)))
    assert "Users are a closed loop." in old
