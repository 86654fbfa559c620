"""The rules for every dataclass declared in TOML: how strictly it is read, and what counts as a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import StringConstraints

_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_ENTRY_POINT = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
_URL_PATH = r"^/[!-~]*$"
_VERSION = r"^(\d+(\.\d+)*)?$"
IN_WORDS: Mapping[str, str] = {
    _NAME: "lower-case letters, digits, and single hyphens between them",
    _ENTRY_POINT: "`module:attribute`",
    _URL_PATH: "a path that begins with / and has only printable ASCII characters, without spaces",
    _VERSION: "numbers with dots between them, such as '1.25.1'",
}
"""What a text must be, by the pattern that it must match."""
Text = Annotated[str, MinLen(1)]
Name = Annotated[str, StringConstraints(pattern=_NAME, max_length=63)]
"""Lower-case words with hyphens: safe in file names, ids and globs, and no longer than a host name's label."""
EntryPoint = Annotated[str, StringConstraints(pattern=_ENTRY_POINT)]
"""`module:attribute`."""
UrlPath = Annotated[str, StringConstraints(pattern=_URL_PATH)]
"""An absolute path with its query, in printable ASCII."""
Version = Annotated[str, StringConstraints(pattern=_VERSION)]
"""A version's numbers; empty if there is none."""
DAY_S = 86_400.0
PositiveSeconds = Annotated[float, Gt(0), Le(DAY_S)]
Seconds = Annotated[float, Ge(0), Le(DAY_S)]
Count = Annotated[int, Gt(0), Le(10_000_000)]
Rate = Annotated[float, Ge(0.001), Le(1_000_000)]
"""Per second. Limits keep a typo from planning years of load, or more than memory can hold."""
StartTimeout = Annotated[float, Gt(0), Le(3_600)]
"""Seconds until the first good answer; at most an hour."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Base of the declared dataclasses: unknown keys, wrong types, NaN and infinity are refused."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "strict": True,
        "allow_inf_nan": False,
    }
