"""Reading what TOML tables declare, and filling in their placeholders, with one line for whatever is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

OPTIONS = {"host": "HOST", "port": "PORT", "cert": "FILE", "key": "FILE", "broker": "HOST:PORT"}
"""The placeholders that options of the same name give, and what such an option takes."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Table = Mapping[str, Any]


class LaunchError(Exception):
    """What was asked for is not declared, or not complete; its text is one line."""


def read_table(root: Path, file: str) -> Table:
    """Read `file` below `root`. Raises `LaunchError` where it is no TOML."""
    try:
        return tomllib.loads((root / file).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise LaunchError(f"{file}: cannot be read as TOML: {error}") from error


def folders_with(root: Path, folder: str, file: str) -> list[str]:
    """Return the names of the folders in `folder` that hold `file`; hidden ones declare nothing."""
    return sorted(path.parent.name for path in (root / folder).glob(f"[!.]*/{file}"))


def need(file: str, table: Table, key: str) -> Any:
    """Return the value of a key that must be there."""
    if key in table:
        return table[key]
    raise LaunchError(f"{file}: {table.get('name', 'the file')}: {key} is missing; expected that key")


def choose(file: str, key: str, name: str, offered: Iterable[str]) -> None:
    """Raise `LaunchError` where `name` is not among what is offered."""
    if name not in offered:
        refuse(file, key, f"{name!r} is unknown", offered)


def refuse(file: str, key: str, trouble: str, offered: Iterable[str]) -> NoReturn:
    """Raise the `LaunchError` that names what could have been said instead."""
    raise LaunchError(f"{file}: {key}: {trouble}; expected one of {', '.join(offered) or 'none at all'}")


def fill(file: str, key: str, word: str, values: Mapping[str, str]) -> str:
    """Replace each `{placeholder}` in a word by its value."""
    for name in _PLACEHOLDER.findall(word):
        if name in OPTIONS and name not in values:
            raise LaunchError(f"{file}: {key}: uses {{{name}}}; expected the option --{name} {OPTIONS[name]}")
        choose(file, key, f"{{{name}}}", [f"{{{known}}}" for known in values])
    return _PLACEHOLDER.sub(lambda found: values[found[1]], word)
