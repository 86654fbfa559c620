"""The dimension in docs/extending.md: one entry is enough for ids, plan, store and reports."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest
from annotated_types import Ge

from support.documents import example, names_of
from support.made_report import stored_report
from support.made_run import cell, rates
from topolab.catalogue import Catalogue, load_matrix
from topolab.database import DATABASE
from topolab.errors import InputError
from topolab.model.cell import Cell, Plan
from topolab.model.combination import DIMENSIONS, Setting
from topolab.plan import Filters, make_plan
from topolab.report import Report, write_files
from topolab.report.markdown import to_markdown


def workers() -> Setting:
    """The document's dimension."""
    setting = names_of(example("A dimension", "python"), {"Setting": Setting, "Annotated": Annotated, "Ge": Ge})[
        "WORKERS"
    ]
    assert isinstance(setting, Setting)
    return setting


WORKERS = workers()
WORKERS_IN_A_MATRIX = example("A dimension", "toml")
MATRIX = """\
name = "mine"
summary = "a test's"
rounds = 1
aa_pairs = 1

[[select]]
servers = ["granian-asgi"]
apps = ["bare"]
topologies = ["direct"]
protocols = ["h2"]
profiles = ["ceiling"]
"""


@pytest.fixture
def _workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DIMENSIONS, WORKERS.key, WORKERS)


def planned(catalogue: Catalogue, folder: Path, more: str, *only: str) -> Plan:
    """The plan of a matrix that is read from a file."""
    path = folder / "mine.toml"
    path.write_text(MATRIX + more)
    return make_plan(load_matrix(catalogue, str(path)), catalogue, Filters.parse(only, catalogue), {})


def ids(cells: Iterable[Cell]) -> list[str]:
    return [cell.id for cell in cells]


@pytest.mark.usefixtures("_workers")
def test_a_new_dimension_is_planned_and_shown_in_ids_unless_default(catalogue: Catalogue, tmp_path: Path) -> None:
    plan = planned(catalogue, tmp_path, WORKERS_IN_A_MATRIX)
    assert ids(plan.cells) == [
        "granian-asgi/bare-asgi/direct/h2/ceiling",
        "granian-asgi/bare-asgi/direct/h2/ceiling,workers=4",
        "granian-asgi/bare-asgi/direct/h2/ceiling,workers=4+1",
    ]
    assert [WORKERS.value(cell.combination) for cell in plan.cells] == [1, 4, 4]


@pytest.mark.usefixtures("_workers")
def test_a_matrix_may_omit_a_new_dimension(catalogue: Catalogue, tmp_path: Path) -> None:
    assert ids(planned(catalogue, tmp_path, "").cells)[0] == "granian-asgi/bare-asgi/direct/h2/ceiling"


@pytest.mark.usefixtures("_workers")
@pytest.mark.parametrize(
    ("only", "found"), [("workers=4", [4]), ("workers=1", [1]), ("workers=*", [1, 4]), ("workers=2", [])]
)
def test_a_new_dimension_can_be_filtered(catalogue: Catalogue, tmp_path: Path, only: str, found: list[int]) -> None:
    cells = planned(catalogue, tmp_path, WORKERS_IN_A_MATRIX, only).cells
    assert [WORKERS.value(cell.combination) for cell in cells if not cell.combination.replica] == found


@pytest.mark.usefixtures("_workers")
@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("workers = 4", "select[0].workers: input should be a valid array, not 4"),
        ("workers = []", "select[0].workers: must have at least one entry"),
        ('workers = ["four"]', "select[0].workers[0]: input should be a valid integer, not 'four'"),
        ("workers = [true]", "select[0].workers[0]: input should be a valid integer, not True"),
        ("workers = [0]", "select[0].workers[0]: input should be greater than or equal to 1, not 0"),
        ("workers = [4.0]", "select[0].workers[0]: input should be a valid integer, not 4.0"),
        ("settings = {workers = [4]}", "select[0].settings: unknown key; check its spelling against "),
    ],
)
def test_a_value_of_another_type_is_refused(catalogue: Catalogue, tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        planned(catalogue, tmp_path, line + "\n")
    assert complaint.lower() in str(refused.value).lower()


def test_a_name_that_is_not_in_a_list_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MATRIX.replace('["bare"]', '"bare"'))
    with pytest.raises(InputError) as refused:
        load_matrix(catalogue, str(path))
    assert str(refused.value) == f"{path}: select[0].apps: input should be a valid array, not 'bare'"


def test_an_unknown_dimension_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"select\[0\].workers: unknown key"):
        planned(catalogue, tmp_path, "workers = [4]\n")


DIRECT = cell()
FOUR = replace(DIRECT, combination=replace(DIRECT.combination, settings={"workers": 4}))


def report_of(folder: Path, *cells: Cell) -> Report:
    """Read back from a store."""
    observations = [made for of in cells for made in rates(of, 1000.0 if of is DIRECT else 4000.0)]
    return stored_report(folder, cells, (), observations)


@pytest.mark.usefixtures("_workers")
def test_a_new_dimension_comes_back_from_the_store(tmp_path: Path) -> None:
    plan = report_of(tmp_path / "run", DIRECT, FOUR).record.plan
    assert plan.cells == (DIRECT, FOUR)
    assert ids(plan.cells) == [DIRECT.id, f"{DIRECT.id},workers=4"]


@pytest.mark.usefixtures("_workers")
def test_a_new_dimension_distinguishes_the_rows_of_a_table(tmp_path: Path) -> None:
    found = to_markdown(report_of(tmp_path / "run", DIRECT, FOUR))
    assert "| hypercorn-uvloop workers=4 | **4,000** |\n| hypercorn-uvloop | 1,000 |\n" in found


@pytest.mark.usefixtures("_workers")
def test_a_new_dimension_is_in_csv_and_json(tmp_path: Path) -> None:
    write_files(report_of(tmp_path / "run", DIRECT, FOUR), tmp_path)
    rows = csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text()))
    assert [(row["profile"], row["workers"], row["status"]) for row in rows] == [
        ("ceiling", "1", "measured"),
        ("ceiling", "4", "measured"),
    ]
    assert [cell["workers"] for cell in json.loads((tmp_path / "results.json").read_text())["cells"]] == [1, 4]


def test_a_new_dimension_with_only_its_default_changes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def written(name: str) -> dict[str, bytes | str]:
        folder = tmp_path / name
        names = write_files(report_of(folder, DIRECT), folder)
        with closing(sqlite3.connect(folder / DATABASE)) as connection:
            (stored,) = connection.execute("SELECT record FROM run").fetchone()
        return {"record": stored, **{file: (folder / file).read_bytes() for file in names}}

    before = written("before")
    monkeypatch.setitem(DIMENSIONS, WORKERS.key, WORKERS)
    assert written("after") == before
    assert '"settings"' not in str(before["record"])
