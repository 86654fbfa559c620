"""A run's results folder: a SQLite file that gains one transaction per observation, so nothing measured is lost."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from topolab.database import DATABASE, connect_to_read
from topolab.errors import StoreError, UnwritableError
from topolab.model.outcome import Observation
from topolab.model.run import FORMAT_VERSION, RunRecord, Sitting

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
_NOT_READABLE = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY}
)
"""Primary result codes that do not concern the file's content."""
T = TypeVar("T")
_records = TypeAdapter(RunRecord)
_observations = TypeAdapter(Observation)
_sittings = TypeAdapter(Sitting)


class Store:
    """An open results folder. A context manager: leaving it closes the file.

    What could not be written is still returned when reading, so that a report has everything that was measured.
    """

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, record: RunRecord, *, writable: bool = True
    ) -> None:
        self.folder = folder
        self.record = record
        self.writable = writable
        self.unwritten: list[Observation] = []
        self._unwritten_sitting: Sitting | None = None
        self._connection = connection
        self._sitting_id: int | None = None
        self._claim: int | None = None
        self._file = _identity(folder / DATABASE)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        if self._claim is not None:
            os.close(self._claim)

    def claim(self) -> None:
        """Keep other processes from measuring for this run until the store is closed.

        Two processes that add to one run would make the same observations. Raises `StoreError` if another has the run.
        """
        claim = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(claim)
            raise StoreError(f"{self.folder}: {_holder(self.folder)} is measuring this run; wait for its end") from None
        self._claim = claim

    @classmethod
    def create(cls, folder: Path, record: RunRecord) -> Store:
        """Make a new results folder. Raises `StoreError` if that fails, and then leaves no folder."""
        try:
            folder.mkdir(parents=True)
        except (OSError, ValueError) as error:
            raise _not_made(folder, error) from error
        try:
            connection = _connect(folder)
            connection.executescript(_SCHEMA)
            with connection:
                connection.execute("INSERT INTO run VALUES (?)", (_records.dump_json(record).decode(),))
        except (OSError, sqlite3.Error) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise _not_made(folder, error) from error
        return cls(folder, connection, record)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open an existing results folder, only for reading if it cannot be written.

        Raises `StoreError` if it is missing, unreadable, damaged, or in another format.
        """
        path = folder / DATABASE
        try:
            present = path.is_file()
        except (OSError, ValueError) as error:  # too long, or in a folder without permission to enter
            raise StoreError(f"{folder}: cannot be read: {error}") from error
        if not present:
            raise StoreError(f"{folder}: no run here; give the id or the folder of a run, which contains {DATABASE}")
        if not os.access(path, os.R_OK):
            raise StoreError(f"{path}: cannot be read: permission denied")
        writable = os.access(path, os.W_OK) and os.access(folder, os.W_OK) and _takes_transactions(path)
        try:
            record = _read_record(path, writable)
            return cls(
                folder, _connect(folder) if writable else connect_to_read(path, False), record, writable=writable
            )
        except (sqlite3.Error, ValidationError) as error:
            raise _damaged(folder, error) from error

    def add(
        self, observation: Observation, sitting: Sitting | None = None, files: Mapping[str, bytes] | None = None
    ) -> None:
        """Commit an observation, its sitting so far, and the files that its tool wrote.

        `files` maps the paths that the observation lists to contents; they are written before it. Raises
        `UnwritableError` if the folder is gone or cannot be written; `unwritten` then has the observation.
        """
        row = (observation.cell_id, observation.round, _observations.dump_json(observation).decode())
        try:
            if self.gone:  # SQLite would write to the deleted file without an error
                raise FileNotFoundError("it was deleted or moved away")
            for name, content in (files or {}).items():
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            with self._connection:
                self._connection.execute("INSERT INTO observation VALUES (?, ?, ?)", row)
                sitting_id = self._put(sitting) if sitting is not None else self._sitting_id
            self._sitting_id = sitting_id
        except (OSError, sqlite3.OperationalError) as error:
            self.unwritten.append(observation)
            self._unwritten_sitting = sitting
            raise UnwritableError(f"{self.folder}: can no longer be written: {error}") from error

    @property
    def gone(self) -> bool:
        """Whether the folder was deleted or moved away, or another was put in its place, since it was opened."""
        try:
            return _identity(self.folder / DATABASE) != self._file
        except PermissionError:  # it is there
            return False

    def keep_sitting(self, sitting: Sitting) -> None:
        """Commit the current sitting, replacing what was committed of it before.

        If the folder cannot be written, only this process's report has it. That is not an error: no figure is lost, and
        `add` ends the run.
        """
        try:
            with self._connection:
                sitting_id = self._put(sitting)
            self._sitting_id = sitting_id
        except sqlite3.OperationalError:
            self._unwritten_sitting = sitting

    def _put(self, sitting: Sitting) -> int | None:
        text = _sittings.dump_json(sitting).decode()
        statement = "INSERT OR REPLACE INTO sitting (id, sitting) VALUES (?, ?)"
        return self._connection.execute(statement, (self._sitting_id, text)).lastrowid

    def observations(self) -> list[Observation]:
        """All observations, in the order in which they were made. Raises `StoreError` if one is damaged."""
        return [*self._read("observation", "rowid", _observations), *self.unwritten]

    def sittings(self) -> list[Sitting]:
        """All sittings, in order. Raises `StoreError` if one is damaged."""
        kept = self._read("sitting", "id", _sittings)
        if self._unwritten_sitting is None:
            return kept
        return [*(kept if self._sitting_id is None else kept[:-1]), self._unwritten_sitting]

    def _read(self, table: str, order: str, adapter: TypeAdapter[T]) -> list[T]:
        try:
            rows = self._connection.execute(f"SELECT {table} FROM {table} ORDER BY {order}")  # noqa: S608 - our names
            return [adapter.validate_json(text) for (text,) in rows]
        except (sqlite3.Error, ValidationError) as error:
            raise _damaged(self.folder, error) from error


def _identity(path: Path) -> tuple[int, int] | None:
    """What distinguishes the file from all others; None if there is no file at `path`."""
    try:
        found = path.stat()
    except PermissionError:
        raise
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _takes_transactions(path: Path) -> bool:
    """Whether SQLite can make the files that it needs next to the database; otherwise it cannot even read."""
    try:
        with closing(connect_to_read(path, writable=True)) as connection:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        return not _is_unreadable(error)
    except sqlite3.DatabaseError:
        return True  # damaged: reading it will raise the full error
    return True


def _read_record(path: Path, writable: bool) -> RunRecord:
    """Read the run's record without touching the file, which may be another program's."""
    with closing(connect_to_read(path, writable)) as connection:
        row = connection.execute("SELECT record FROM run").fetchone()
        if row is None:
            raise sqlite3.DatabaseError("its record was never written")
        text: str = row[0]
        version = connection.execute("SELECT json_extract(?, '$.format_version')", (text,)).fetchone()[0]
    if version != FORMAT_VERSION:
        raise StoreError(f"{path}: has format {version}, expected {FORMAT_VERSION}; use the topolab that wrote it")
    return _records.validate_json(text)


def _not_made(folder: Path, error: Exception) -> StoreError:
    return StoreError(f"{folder}: the results folder cannot be created: {error}; choose another --out")


def _is_unreadable(error: sqlite3.OperationalError) -> bool:
    """Whether SQLite may not read the file. Errors of Python's module, such as text that is not UTF-8, have no code."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_READABLE


def _damaged(folder: Path, error: Exception) -> StoreError:
    if isinstance(error, sqlite3.OperationalError) and _is_unreadable(error):
        return StoreError(
            f"{folder / DATABASE}: cannot be read: {error}; copy the folder to a disk that can be written"
        )
    what = "its content is not valid" if isinstance(error, ValidationError) else str(error)
    return StoreError(f"{folder / DATABASE}: is not a topolab run, or is damaged: {what}; start a new run")


def _connect(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / DATABASE)
    with closing(connection.execute("PRAGMA journal_mode = WAL")):
        return connection


def _holder(folder: Path) -> str:
    """The holder of the lock on `folder`, such as `process 4711`, from the kernel's list of locks if it has one."""
    try:
        locks = Path("/proc/locks").read_text()
    except OSError:
        locks = ""
    found = re.search(rf"FLOCK .* (\d+) [\da-f:]+:{folder.stat().st_ino} ", locks)
    return f"process {found[1]}" if found else "another process"
