"""One TOML file to one model object, or one line that names file, key and what was expected."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from topolab.errors import InputError

_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")


def read_toml(path: Path, kind: Any, shown_as: str) -> Any:
    """The object of type `kind` that the file declares.

    Raises `InputError` for a file that cannot be read, is not TOML, or does not fit the type.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{shown_as}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{shown_as}: cannot be read as text: {error}") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{shown_as}: not valid TOML: {error}") from error
    # By way of JSON, because pydantic's strict mode then still takes arrays as tuples and names as enums.
    try:
        return _adapter(kind).validate_json(json.dumps(data, default=_no_dates))
    except ValidationError as error:
        # An unknown key first: it is the misspelling that a missing one beside it comes from.
        errors = sorted(error.errors(), key=lambda e: e["type"] not in _UNKNOWN)
        refuse(shown_as, *_key_and_expectation(errors[0]))


def refuse(shown_as: str, key: str, expectation: str) -> NoReturn:
    """Raise the one-line `InputError` every complaint about a file has the form of."""
    raise InputError(f"{shown_as}: {key}: {expectation}" if key else f"{shown_as}: {expectation}")


def refuse_repeats(shown_as: str, key: str, names: list[str]) -> None:
    """Raise `InputError` where a name stands twice."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        refuse(shown_as, key, f"{repeated[0]!r} stands twice; each has to be there once")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _no_dates(value: object) -> str:
    return f"a TOML {type(value).__name__}"


def _key_and_expectation(error: ErrorDetails) -> tuple[str, str]:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
    if error["type"] in _UNKNOWN:
        return key, "unknown key; check its spelling against the other files of this kind"
    if error["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return key, "missing; this key is required"
    if error["type"] == "too_short":
        return key, f"has to hold at least {error['ctx']['min_length']}, and is empty"
    message = error["msg"][0].lower() + error["msg"][1:]
    given = error["input"]
    shown = "" if isinstance(given, dict | list) else f", not {given!r}"
    return key.removesuffix(".[key]"), f"{message}{shown}"
