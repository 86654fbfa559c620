"""The kinds of blocks that a report is made of. A format says how each of them is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from topolab.report.grouping import Group
from topolab.report.notes import Failure
from topolab.report.tables import Table
from topolab.stats.figures import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """What every block has. Formats with little room leave out the `detailed` ones."""

    detailed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading(_Block):
    """A heading: of the whole report at level 1, of a group of cells at level 2."""

    text: str
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph(_Block):
    """Running text. With a title it is a section of its own; `label` is a word that stands for the title."""

    text: str
    title: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTable(_Block):
    """A table of a group, and the name that articles ask for it by."""

    name: str
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart(_Block):
    """A chart of a group's figure, and the name of its file, without the ending."""

    name: str
    group: Group
    figure: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes(_Block):
    """How to read the tables, a sentence each."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(_Block):
    """A list of texts."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(_Block):
    """Values by name. Names and values are either text or code."""

    title: str
    facts: Mapping[str, object]
    code_names: bool = False
    code_values: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures(_Block):
    """Why cells failed, with the ends of logs."""

    title: str
    failures: tuple[Failure, ...]


Block = Heading | Paragraph | GroupTable | Chart | Notes | Listing | Facts | Failures
