"""Matrices: named sets of cells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Le, MinLen

from topolab.model.declared import Declared, Name, Text

MAX_ROUNDS = 1_000
"""Days of measuring even for a small matrix; more is a slip of the finger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(Declared):
    """A product of names (globs allowed) inside a matrix."""

    servers: Annotated[tuple[Text, ...], MinLen(1)]
    apps: Annotated[tuple[Text, ...], MinLen(1)]
    topologies: Annotated[tuple[Text, ...], MinLen(1)]
    protocols: Annotated[tuple[Text, ...], MinLen(1)]
    profiles: Annotated[tuple[Text, ...], MinLen(1)]


class Rows(StrEnum):
    """What stands in the rows of a matrix's tables, and competes."""

    SERVERS = "servers"
    DEPLOYMENTS = "deployments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(Declared):
    """A named set of cells. `aa_pairs` of them are planned twice: their disagreement is the noise floor.

    With `charts` the report draws the figures it tabulates. Its `rows` are servers, each app's in tables of their own,
    or deployments, a server with its app.
    """

    name: Name
    summary: Text
    rounds: Annotated[int, Ge(1), Le(MAX_ROUNDS)]
    select: Annotated[tuple[Selection, ...], MinLen(1)]
    aa_pairs: Annotated[int, Ge(0)] = 0
    charts: bool = False
    rows: Rows = Rows.SERVERS
