"""Reads a TOML file as a model object, or raises a one-line error with the file, the key and what was expected."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from topolab.errors import InputError
from topolab.model.declared import IN_WORDS

_LONGEST_SHOWN = 80
"""How many characters of a refused value a message shows."""
_MOST_BYTES = 1 << 20
_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")


def declared_files(root: Path, pattern: str) -> Iterator[Path]:
    """The files below `root` that match, sorted, without hidden ones such as editors leave behind.

    Raises `InputError` for a named pipe.
    """
    for path in sorted(root.glob(pattern)):
        if any(part.startswith(".") for part in path.relative_to(root).parts):
            continue
        if path.is_fifo():  # reading it would wait for a writer
            raise InputError(f"{path.relative_to(root).as_posix()}: not a regular file")
        yield path


def read_toml(path: Path, kind: Any, shown_as: str) -> Any:
    """Read the object of type `kind` that the file declares.

    Raises `InputError` if the file cannot be read, is not TOML, or does not fit the type.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:  # a device never ends
            raise InputError(f"{shown_as}: larger than 1 MiB, so it is not one of topolab's TOML files")
        text = content.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except FileNotFoundError:
        raise InputError(f"{shown_as}: no such file") from None
    except (OSError, ValueError) as error:  # not UTF-8, or not a possible file name
        raise InputError(f"{shown_as}: cannot be read as text: {error}") from error
    try:
        data = tomllib.loads(text)
        _refuse_unusable(shown_as, data, "")
        # As JSON, from which pydantic's strict mode still accepts arrays as tuples and names as enums.
        return _adapter(kind).validate_json(json.dumps(data))
    except ValidationError as error:
        # Report unknown keys first: a missing key is often one that was misspelt.
        errors = sorted(error.errors(), key=lambda e: e["type"] not in _UNKNOWN)
        refuse(shown_as, *_key_and_expectation(errors[0], data))
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError; so is a number of 5,000 digits
        raise InputError(f"{shown_as}: not valid TOML: {error}") from error


def refuse(shown_as: str, key: str, expectation: str) -> NoReturn:
    """Raise an `InputError` in the one-line form that all errors about a file have."""
    printable = key if key.isprintable() else repr(key)
    raise InputError(f"{shown_as}: {printable}: {expectation}" if key else f"{shown_as}: {expectation}")


def refuse_repeats(shown_as: str, key: str, names: list[str]) -> None:
    """Raise `InputError` if a name is listed twice."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        refuse(shown_as, key, f"{repeated[0]!r} is listed twice")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _refuse_unusable(shown_as: str, value: object, key: str) -> None:
    """Refuse dates, which JSON lacks, and NUL characters, which no argument, variable or file name can contain."""
    if isinstance(value, dict):
        for name, inner in value.items():
            inner_key = f"{key}.{name}" if key else name
            _refuse_unusable(shown_as, name, inner_key)
            _refuse_unusable(shown_as, inner, inner_key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_unusable(shown_as, inner, f"{key}[{index}]")
    elif isinstance(value, str):
        if "\0" in value:
            refuse(shown_as, key, "contains a NUL character; remove it")
    elif isinstance(value, datetime | date | time):
        refuse(shown_as, key, f"no key accepts a TOML {type(value).__name__}; put the value in quotes")


def _key_and_expectation(error: ErrorDetails, data: dict[str, Any]) -> tuple[str, str]:
    if error["type"] == "union_tag_not_found":
        return "kind", "missing; this key is required"
    if error["type"] == "union_tag_invalid":
        return "kind", f"must be one of {error['ctx']['expected_tags']}, not {shortened(data.get('kind'))}"
    # For a union, pydantic puts the branch before the key; the file has no such key.
    path = error["loc"][1:] if len(error["loc"]) > 1 and error["loc"][0] == data.get("kind") else error["loc"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    if error["type"] in _UNKNOWN:
        return key, "unknown key; check its spelling against the other files of this kind"
    if error["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return key, "missing; this key is required"
    if error["type"] == "too_short":
        return key, "must have at least one entry"
    if error["type"] == "string_too_short":
        return key, "must have at least one character"
    # For a choice among some of an enum's members, pydantic shows their representations.
    message = re.sub(r"<\w+\.\w+: ('[^']*')>", r"\1", error["msg"][0].lower() + error["msg"][1:])
    if error["type"] == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        message = f"must be {IN_WORDS.get(pattern, f'a text that matches {pattern}')}"
    given = error["input"]
    shown = "" if isinstance(given, dict | list) else f", not {shortened(given)}"
    return key.removesuffix(".[key]"), f"{message}{shown}"


def shortened(value: object) -> str:
    """The form in which a message shows a refused value: truncated if it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
