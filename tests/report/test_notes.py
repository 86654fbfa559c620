"""The notes next to the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from support.users_profile import PROFILE as USERS
from topolab.backends.local.site import LocalSite
from topolab.catalogue import Catalogue
from topolab.model.combination import DIMENSIONS, Setting
from topolab.model.environment import CPUS_BY_ROLE, FROM_THIS_MACHINE, LOAD_FROM
from topolab.model.run import DriverRecord
from topolab.process.cpus import available_cpus, can_pin, pinned
from topolab.report import Report
from topolab.report.notes import command_lines, reading, where_the_time_went
from topolab.runner.environment import describe


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


ONE_PROCESSOR = (
    "One processor: client, proxy and server took turns on it, so rates and times include the work of all three; "
    "compare CPU per response, or measure again with two or more processors."
)
SHARED = {"client": [0], "proxy": [0], "server": [0]}


def notes_on_processors(report: Report, environment: Mapping[str, object]) -> list[str]:
    changed = replace(report, record=replace(report.record, environment=environment))
    return [line for line in reading(changed) if line.startswith("One processor")]


@pytest.mark.skipif(not can_pin(), reason="this system cannot pin processes")
def test_a_run_that_was_given_one_processor_says_what_that_means(report: Report, catalogue: Catalogue) -> None:
    """As with `taskset -c 0`."""
    with pinned(frozenset(available_cpus()[:1])):
        site = LocalSite(catalogue)
        environment = describe(site, report.record.plan)
    assert notes_on_processors(report, environment) == [ONE_PROCESSOR]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({CPUS_BY_ROLE: SHARED}, True),
        ({CPUS_BY_ROLE: SHARED, LOAD_FROM: "a container on the edge network"}, True),
        ({CPUS_BY_ROLE: SHARED, LOAD_FROM: FROM_THIS_MACHINE}, False),
        ({CPUS_BY_ROLE: {"client": [1], "proxy": [0], "server": [0]}}, False),
        ({CPUS_BY_ROLE: {"client": None, "proxy": None, "server": None}}, False),
        ({}, False),
    ],
)
def test_only_a_client_on_the_servers_processor_is_noted(
    report: Report, environment: dict[str, object], said: bool
) -> None:
    assert notes_on_processors(report, environment) == [ONE_PROCESSOR] * said


def test_a_server_with_another_setting_has_a_command_line_of_its_own(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DIMENSIONS, "workers", Setting(key="workers", plural="workers", fields=("workers",), default=1))
    first, cell = report.observations[0], report.record.plan.cells[0]
    four = replace(cell, combination=replace(cell.combination, settings={"workers": 4}))
    plan = replace(report.record.plan, cells=(cell, four))
    started = [
        replace(first, cell_id=which.id, argv={"server": ("serve", number)})
        for which, number in ((cell, "1"), (four, "4"))
    ]
    found = command_lines(replace(report, record=replace(report.record, plan=plan), observations=tuple(started)))
    name = f"{cell.combination.server} {cell.listener}"
    assert found == {name: "serve 1", f"{name} workers=4": "serve 4"}
