"""A folder that is not a run is refused with the reason and advice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.made_run import cell, measured, observation, record
from topolab.database import DATABASE
from topolab.errors import StoreError
from topolab.store import Store

CELL = cell()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with one observation."""
    with Store.create(tmp_path / "run", record([CELL])) as store:
        store.add(observation(CELL, 1, measured(CELL)))
    return tmp_path / "run"


def refusal(folder: Path) -> str:
    with pytest.raises(StoreError) as raised:
        Store.open(folder)
    return str(raised.value)


def change(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute(statement, values)


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert refusal(missing) == f"{missing}: no run here; give the id or the folder of a run, which contains run.sqlite"
    assert not missing.exists()


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    assert (
        refusal(tmp_path) == f"{tmp_path}: no run here; give the id or the folder of a run, which contains run.sqlite"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"this is text, and long enough not to be taken for an empty file" * 20)
    expected = f"{tmp_path / DATABASE}: is not a topolab run, or is damaged: file is not a database; start a new run"
    assert refusal(tmp_path) == expected


def test_another_programs_database(tmp_path: Path) -> None:
    change(tmp_path, "CREATE TABLE bookmark (url TEXT)")
    assert (
        refusal(tmp_path)
        == f"{tmp_path / DATABASE}: is not a topolab run, or is damaged: no such table: run; start a new run"
    )


@pytest.mark.parametrize("content", [b"", b"\0" * 4096], ids=["empty", "zeros"])
def test_an_empty_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(content)
    assert refusal(tmp_path).startswith(f"{tmp_path / DATABASE}: is not a topolab run, or is damaged: ")


def test_a_truncated_run(folder: Path) -> None:
    path = folder / DATABASE
    path.write_bytes(path.read_bytes()[:1000])
    assert refusal(folder).startswith(f"{path}: is not a topolab run, or is damaged: ")


def test_a_run_without_a_record(folder: Path) -> None:
    change(folder, "DELETE FROM run")
    assert refusal(folder).startswith(f"{folder / DATABASE}: is not a topolab run, or is damaged: ")


def test_a_record_that_is_not_json(folder: Path) -> None:
    change(folder, "UPDATE run SET record = '{'")
    assert refusal(folder).startswith(f"{folder / DATABASE}: is not a topolab run, or is damaged: ")


@pytest.mark.parametrize("table", ["run", "observation"])
def test_text_that_is_not_utf8(folder: Path, table: str) -> None:
    column = {"run": "record", "observation": "observation"}[table]
    change(folder, f"UPDATE {table} SET {column} = CAST(? AS TEXT)", b'{"name": "\xff"}')  # noqa: S608
    damaged = r"is not a topolab run, or is damaged: Could not decode to UTF-8"
    with pytest.raises(StoreError, match=damaged), Store.open(folder) as store:
        store.observations()


def test_another_format(folder: Path) -> None:
    change(folder, "UPDATE run SET record = json_set(record, '$.format_version', 99)")
    assert refusal(folder) == f"{folder / DATABASE}: has format 99, expected 3; use the topolab that wrote it"


def test_another_format_is_reported_even_if_its_record_has_other_keys(folder: Path) -> None:
    change(folder, "UPDATE run SET record = ?", '{"format_version": 1, "everything": "else"}')
    assert refusal(folder) == f"{folder / DATABASE}: has format 1, expected 3; use the topolab that wrote it"


def test_a_record_with_a_key_missing_is_refused_in_one_line(folder: Path) -> None:
    change(folder, "UPDATE run SET record = json_remove(record, '$.seed')")
    message = refusal(folder)
    assert message.splitlines() == [message]
    assert "pydantic" not in message


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE observation SET observation = '{'",
        "UPDATE observation SET observation = json_remove(observation, '$.outcome')",
        "DROP TABLE observation",
    ],
)
def test_a_damaged_observation_is_a_store_error(folder: Path, statement: str) -> None:
    change(folder, statement)
    with pytest.raises(StoreError), Store.open(folder) as store:
        store.observations()


def test_an_existing_folder_is_not_made_a_run(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match=r"the results folder cannot be created: .*File exists"):
        Store.create(tmp_path, record([CELL]))
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_run_is_not_overwritten(folder: Path) -> None:
    with pytest.raises(StoreError, match="the results folder cannot be created"):
        Store.create(folder, record([CELL], number_of_rounds=9))
    with Store.open(folder) as store:
        assert (store.record.rounds, len(store.observations())) == (3, 1)


def test_a_folder_inside_a_file_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="the results folder cannot be created"):
        Store.create(tmp_path / "file" / "run", record([CELL]))


def test_a_refused_file_is_unchanged(tmp_path: Path) -> None:
    content = b"this is text, and long enough not to be taken for an empty file" * 20
    (tmp_path / DATABASE).write_bytes(content)
    refusal(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [DATABASE]


def test_another_programs_database_is_unchanged(tmp_path: Path) -> None:
    change(tmp_path, "CREATE TABLE bookmark (url TEXT)")
    before = (tmp_path / DATABASE).read_bytes()
    refusal(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == before
