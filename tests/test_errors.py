"""Errors that end a command or a cell are in one file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import topolab
from topolab.errors import TopolabError


def subclasses(of: type[Exception]) -> Iterator[type[Exception]]:
    for found in of.__subclasses__():
        yield found
        yield from subclasses(found)


def test_all_errors_are_in_one_file() -> None:
    for module in pkgutil.walk_packages(topolab.__path__, "topolab."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    assert {error.__module__ for error in subclasses(TopolabError)} == {"topolab.errors"}
