"""A run's results folder: a SQLite file that gains one transaction per observation, so nothing measured is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import TracebackType

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
CREATE TABLE sitting (sitting TEXT NOT NULL);
"""
_records = TypeAdapter(RunRecord)
_observations = TypeAdapter(Observation)
_sittings = TypeAdapter(Sitting)


class Store:
    """An open results folder. A context manager: leaving it closes the file."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, record: RunRecord) -> None:
        self.folder = folder
        self.record = record
        self._connection = connection

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
            raise StoreError(f"{folder}: cannot be made a results folder: {error}") from error
        return cls(folder, connection, record)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """An existing one. Raises `StoreError` where it is missing, damaged, or another format's."""
        path = folder / DATABASE
        if not path.is_file():
            raise StoreError(f"{folder}: no run here; give the id of a folder that holds {DATABASE}")
        try:
            connection = _connect(folder)
            text: str = connection.execute("SELECT record FROM run").fetchone()[0]
            version = connection.execute("SELECT json_extract(?, '$.format_version')", (text,)).fetchone()[0]
            if version != FORMAT_VERSION:
                raise StoreError(
                    f"{path}: has format {version}, this topolab reads {FORMAT_VERSION}; use the one it is from"
                )
            return cls(folder, connection, _records.validate_json(text))
        except (sqlite3.Error, TypeError, ValidationError) as error:
            raise StoreError(f"{path}: is no run of topolab's, or damaged: {error}") from error

    def add(self, observation: Observation) -> None:
        """Commit one observation."""
        row = (observation.cell_id, observation.round, _observations.dump_json(observation).decode())
        with self._connection:
            self._connection.execute("INSERT INTO observation VALUES (?, ?, ?)", row)

    def add_sitting(self, sitting: Sitting) -> None:
        """Commit the account of one stretch of work."""
        with self._connection:
            self._connection.execute("INSERT INTO sitting VALUES (?)", (_sittings.dump_json(sitting).decode(),))

    def observations(self) -> list[Observation]:
        """Every observation, in the order they were made."""
        rows = self._connection.execute("SELECT observation FROM observation ORDER BY rowid")
        return [_observations.validate_json(text) for (text,) in rows]

    def sittings(self) -> list[Sitting]:
        """Every stretch of work, in order."""
        rows = self._connection.execute("SELECT sitting FROM sitting ORDER BY rowid")
        return [_sittings.validate_json(text) for (text,) in rows]


def _connect(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / DATABASE)
    with closing(connection.execute("PRAGMA journal_mode = WAL")):
        return connection
