"""A run's results folder: a SQLite file that gains one transaction per observation, so nothing measured is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from topolab.errors import StoreError
from topolab.model.outcome import Observation
from topolab.model.run import FORMAT_VERSION, RunRecord, Sitting

DATABASE = "run.sqlite"
_SCHEMA = """
CREATE TABLE run (record TEXT NOT NULL);
CREATE TABLE observation (
    cell_id TEXT NOT NULL,
    round INTEGER NOT NULL,
    observation TEXT NOT NULL,
    PRIMARY KEY (cell_id, round)
);
CREATE TABLE sitting (id INTEGER PRIMARY KEY, sitting TEXT NOT NULL);
"""
T = TypeVar("T")
_records = TypeAdapter(RunRecord)
_observations = TypeAdapter(Observation)
_sittings = TypeAdapter(Sitting)


class Store:
    """An open results folder. A context manager: leaving it closes the file."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, record: RunRecord) -> None:
        self.folder = folder
        self.record = record
        self._connection = connection
        self._sitting_id: int | None = None

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    @classmethod
    def create(cls, folder: Path, record: RunRecord) -> Store:
        """A new results folder. Raises `StoreError` where it cannot be made."""
        try:
            folder.mkdir(parents=True)
            connection = _connect(folder)
            connection.executescript(_SCHEMA)
            with connection:
                connection.execute("INSERT INTO run VALUES (?)", (_records.dump_json(record).decode(),))
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{folder}: cannot be made a results folder: {error}; give another --out") from error
        return cls(folder, connection, record)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """An existing one. Raises `StoreError` where it is missing, damaged, or another format's."""
        path = folder / DATABASE
        if not path.is_file():
            raise StoreError(f"{folder}: no run here; give the id of a folder that holds {DATABASE}")
        try:
            record = _read_record(path)
            return cls(folder, _connect(folder), record)
        except (sqlite3.Error, ValidationError) as error:
            raise _damaged(folder, error) from error

    def add(
        self, observation: Observation, sitting: Sitting | None = None, files: Mapping[str, bytes] | None = None
    ) -> None:
        """Commit one observation, the account so far of the sitting it was made in, and what its tool wrote.

        `files` are contents by the paths that the observation names; they are there before it is.
        """
        for name, content in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        row = (observation.cell_id, observation.round, _observations.dump_json(observation).decode())
        with self._connection:
            self._connection.execute("INSERT INTO observation VALUES (?, ?, ?)", row)
            if sitting is not None:
                self._put(sitting)

    def keep_sitting(self, sitting: Sitting) -> None:
        """Commit the account of this stretch of work, in place of what it was before."""
        with self._connection:
            self._put(sitting)

    def _put(self, sitting: Sitting) -> None:
        text = _sittings.dump_json(sitting).decode()
        statement = "INSERT OR REPLACE INTO sitting (id, sitting) VALUES (?, ?)"
        self._sitting_id = self._connection.execute(statement, (self._sitting_id, text)).lastrowid

    def observations(self) -> list[Observation]:
        """Every observation, in the order they were made. Raises `StoreError` where one is damaged."""
        return self._read("observation", "rowid", _observations)

    def sittings(self) -> list[Sitting]:
        """Every stretch of work, in order. Raises `StoreError` where one is damaged."""
        return self._read("sitting", "id", _sittings)

    def _read(self, table: str, order: str, adapter: TypeAdapter[T]) -> list[T]:
        try:
            rows = self._connection.execute(f"SELECT {table} FROM {table} ORDER BY {order}")  # noqa: S608 - our names
            return [adapter.validate_json(text) for (text,) in rows]
        except (sqlite3.Error, ValidationError) as error:
            raise _damaged(self.folder, error) from error


def _read_record(path: Path) -> RunRecord:
    """The run's record, read without touching the file: it may be another program's."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        row = connection.execute("SELECT record FROM run").fetchone()
        if row is None:
            raise sqlite3.DatabaseError("its record was never written")
        text: str = row[0]
        version = connection.execute("SELECT json_extract(?, '$.format_version')", (text,)).fetchone()[0]
    if version != FORMAT_VERSION:
        raise StoreError(f"{path}: has format {version}, this topolab reads {FORMAT_VERSION}; use the one it is from")
    return _records.validate_json(text)


def _damaged(folder: Path, error: Exception) -> StoreError:
    what = "its content is not what was written" if isinstance(error, ValidationError) else str(error)
    return StoreError(f"{folder / DATABASE}: is no run of topolab's, or damaged: {what}; start a new run")


def _connect(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / DATABASE)
    with closing(connection.execute("PRAGMA journal_mode = WAL")):
        return connection
