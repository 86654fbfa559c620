"""Finished runs made by hand, for commands that only report them."""

from __future__ import annotations

from pathlib import Path

from support.made_run import cell, measured, observation, record
from topolab.store import Store


def finished_run(folder: Path) -> Path:
    """A run of one cell and one round, measured."""
    of = cell()
    with Store.create(folder, record([of], number_of_rounds=1)) as store:
        store.add(observation(of, 1, measured(of)))
    return folder


def unfinished_run(folder: Path) -> Path:
    """A run of one cell, planned and not yet measured."""
    with Store.create(folder, record([cell()], number_of_rounds=1)):
        return folder
