"""A run's SQLite file: its name, and how to read it. Standard library only: scripts read it before an installation."""

from __future__ import annotations

import sqlite3
from pathlib import Path

DATABASE = "run.sqlite"


def connect_to_read(path: Path, writable: bool) -> sqlite3.Connection:
    """A connection that changes nothing.

    Reading in WAL mode makes files next to the database. If that is impossible, SQLite may assume that the database is
    immutable, unless there is a log with transactions that are not in the database yet.
    """
    log = path.with_name(f"{path.name}-wal")
    settled = not writable and not (log.exists() and log.stat().st_size)
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if settled else ''}", uri=True)
