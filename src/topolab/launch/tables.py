"""Reads TOML tables and fills in their placeholders; every error is a single line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

OPTIONS = {"host": "HOST", "port": "PORT", "cert": "FILE", "key": "FILE", "broker": "HOST:PORT"}
"""Placeholders that options of the same name fill, and the values those options take."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Table = Mapping[str, Any]


class LaunchError(Exception):
    """The requested thing is not declared, or is incomplete; the text is one line."""


def read_table(root: Path, file: str) -> Table:
    """Read `file` below `root`. Raises `LaunchError` if it is not TOML."""
    try:
        return tomllib.loads((root / file).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise LaunchError(f"{file}: cannot be read as TOML: {error}") from error


def folders_with(root: Path, folder: str, file: str) -> list[str]:
    """Return the names of the folders in `folder` that contain `file`, ignoring hidden folders."""
    return sorted(path.parent.name for path in (root / folder).glob(f"[!.]*/{file}"))


def need(file: str, table: Table, key: str) -> Any:
    """Return the value of a required key."""
    if key in table:
        return table[key]
    raise LaunchError(f"{file}: {table.get('name', 'the file')}: {key} is missing; expected that key")


def choose(file: str, key: str, name: str, offered: Iterable[str]) -> None:
    """Raise `LaunchError` if `name` is not among `offered`."""
    if name not in offered:
        refuse(file, key, f"{name!r} is unknown", offered)


def refuse(file: str, key: str, trouble: str, offered: Iterable[str]) -> NoReturn:
    """Raise the `LaunchError` that lists the valid alternatives."""
    raise LaunchError(f"{file}: {key}: {trouble}; expected one of {', '.join(offered) or '(none)'}")


def placeholders(word: str) -> list[str]:
    """Return the names of the placeholders that `fill` replaces in a word. Other braces have no meaning."""
    return _PLACEHOLDER.findall(word)


def fill(file: str, key: str, word: str, values: Mapping[str, str]) -> str:
    """Replace each `{placeholder}` in a word with its value."""
    for name in placeholders(word):
        if name in OPTIONS and name not in values:
            raise LaunchError(f"{file}: {key}: uses {{{name}}}; expected the option --{name} {OPTIONS[name]}")
        choose(file, key, f"{{{name}}}", [f"{{{known}}}" for known in values])
    return _PLACEHOLDER.sub(lambda found: values[found[1]], word)
