"""The page on extensions explains every field of a driver's descriptor, of a figure and of its table."""

from __future__ import annotations

import ast
import re
from dataclasses import fields

from support.command import ROOT
from topolab.drivers.descriptor import Descriptor
from topolab.stats.figures import Figure, FigureTable

EXTENDING = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def names_of(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


def section(title: str) -> str:
    return EXTENDING.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def explained_in_table(title: str, heading: str) -> set[str]:
    """The first cells of the table with this heading, each a field."""
    (table,) = re.findall(rf"^\| {heading} \| meaning \|\n\|[-|]+\n((?:\|.*\n)+)", section(title), re.MULTILINE)
    names = [line.split("|")[1].strip() for line in table.splitlines()]
    assert all(re.fullmatch(r"`\w+`", name) for name in names)
    assert len(names) == len(set(names))
    return {name.strip("`") for name in names}


def given_in_example(title: str, kind: type) -> set[str]:
    """The fields that the section's example of this class sets, by position or by name."""
    codes = re.findall(r"^```python\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL)
    nodes = [node for code in codes for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    (call,) = (node for node in nodes if isinstance(node.func, ast.Name) and node.func.id == kind.__name__)
    return {*names_of(kind)[: len(call.args)], *(keyword.arg for keyword in call.keywords if keyword.arg)}


def test_every_field_of_a_descriptor_is_in_the_example_or_the_table() -> None:
    example, table = given_in_example("A driver", Descriptor), explained_in_table("A driver", "field")
    assert example & table == set()
    assert example | table | {"folder"} == set(names_of(Descriptor))  # topolab itself sets `folder`


def test_every_field_of_a_figure_is_in_the_example_or_the_list() -> None:
    listed = set(re.findall(r"^- `(\w+)` ", section("A figure"), re.MULTILINE))
    assert listed | given_in_example("A figure", Figure) == set(names_of(Figure))


def test_every_field_of_a_figures_table_is_in_its_table() -> None:
    assert explained_in_table("A figure", "field of `FigureTable`") == set(names_of(FigureTable))
