"""What a run left in its results folder."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def only_run(out: Path) -> Path:
    (folder,) = out.iterdir()
    return folder


def observed(out: Path) -> list[tuple[str, int, str]]:
    """The observations committed so far, in order; none while there is no run yet."""
    databases = list(out.glob("*/run.sqlite"))
    if not databases:
        return []
    try:
        with sqlite3.connect(f"file:{databases[0]}?mode=ro", uri=True) as connection:
            return list(connection.execute("SELECT cell_id, round, observation FROM observation ORDER BY rowid"))
    except sqlite3.OperationalError:
        return []


def hops_of(cell: dict[str, list[dict[str, object]]]) -> list[tuple[object, ...]]:
    return [(hop["from"], hop["to"], hop["protocol"], hop["tls"]) for hop in cell["hops"]]
