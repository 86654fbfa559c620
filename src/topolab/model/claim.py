"""Claims, and the article that checks each against a run: declared, so that no verdict is written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Gt, MinLen

from topolab.model.declared import Declared, Name, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Declared):
    """One check of a claim: a cell's figure is less or more than another's, or close to a value.

    `cell`, `less_than` and `more_than` are cell ids; `within` is the tolerance as a fraction of `about`.
    """

    cell: Text
    figure: Text
    less_than: str = ""
    more_than: str = ""
    about: float | None = None
    within: Annotated[float, Gt(0)] = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Declared):
    """A statement, and the checks that must all hold for it to hold."""

    said: Text
    checks: Annotated[tuple[Check, ...], MinLen(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Declared):
    """A section of an article, about one matrix's run: tables by name, pictures with captions, and claims."""

    title: Text
    text: Text
    matrix: Name
    tables: tuple[Text, ...] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(Declared):
    """An article: claims by section, each section checked against a run."""

    title: Text
    text: Text
    sections: Annotated[tuple[Section, ...], MinLen(1)]
