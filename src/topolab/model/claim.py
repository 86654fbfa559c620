"""Claims, and the article that holds each against a run: declared, so that nobody words a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Gt, MinLen

from topolab.model.declared import Declared, Name, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Declared):
    """One thing a claim comes down to: a cell's figure is less or more than another's, or about a value.

    `cell`, `less_than` and `more_than` are cell ids; `within` is the fraction of `about` that it may be off.
    """

    cell: Text
    figure: Text
    less_than: str = ""
    more_than: str = ""
    about: float | None = None
    within: Annotated[float, Gt(0)] = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Declared):
    """What was said, and the checks that all have to hold for it to hold."""

    said: Text
    checks: Annotated[tuple[Check, ...], MinLen(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Declared):
    """A part of an article about one matrix's run: its tables by name, pictures with captions, and claims."""

    title: Text
    text: Text
    matrix: Name
    tables: tuple[Text, ...] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(Declared):
    """An article: claims by section, each held against a run."""

    title: Text
    text: Text
    sections: Annotated[tuple[Section, ...], MinLen(1)]
