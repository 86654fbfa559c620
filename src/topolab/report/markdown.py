"""report.md: every table and note of a run, to read and to paste into an issue."""

from __future__ import annotations

import re
from typing import assert_never

from topolab.report.blocks import Block, Chart, Facts, Failures, GroupTable, Heading, Listing, Notes, Paragraph
from topolab.report.outline import outline
from topolab.report.report import Report
from topolab.report.tables import Entry, Table


def to_markdown(report: Report) -> str:
    """The document, ending in a newline."""
    lines = [line for block in outline(report) for line in _block(block)]
    return "\n".join(lines).rstrip() + "\n"


def _block(block: Block) -> list[str]:
    match block:
        case Heading():
            return [f"{'#' * block.level} {block.text}", ""]
        case Paragraph():
            return _section(block.title, [block.text]) if block.title else [block.text, ""]
        case GroupTable():
            return table_lines(block.table)
        case Chart():
            return []  # the pictures are next to report.md
        case Notes():
            return _section(block.title, [f"- {_escaped(line)}" for line in block.lines])
        case Listing():
            return _section(block.title, [f"- {line}" for line in block.lines])
        case Facts():
            return _section(block.title, _facts(block))
        case Failures():
            return _section(block.title, _failures(block))
        case _:
            assert_never(block)


def table_lines(table: Table) -> list[str]:
    """A table under its title, ending in an empty line."""
    alignment = ["---", *("---:" for _ in table.head[1:])]
    rows = [_line(tuple(map(_cell, row))) for row in table.rows]
    return [f"{table.title[0].upper()}{table.title[1:]}:", "", _line(table.head), _line(tuple(alignment)), *rows, ""]


def _line(texts: tuple[str, ...]) -> str:
    return f"| {' | '.join(texts)} |"


def _cell(entry: Entry) -> str:
    text = _escaped(entry.text)
    return f"**{text}**" if entry.best else text


def _escaped(text: str) -> str:
    return re.sub(r"([|*~])", r"\\\1", text).replace("<", "&lt;")


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""]


def _facts(block: Facts) -> list[str]:
    lines = []
    for name, value in block.facts.items():
        text = f"`{value}`" if block.code_values else _plain(value)
        lines.append(f"- {f'`{name}`' if block.code_names else name}: {text}")
    return lines


def _failures(block: Failures) -> list[str]:
    lines = []
    for failure in block.failures:
        lines.append(f"- {failure.reason}: {', '.join(f'`{cell_id}`' for cell_id in failure.cell_ids)}")
        if failure.log:
            longest = max((len(run) for run in re.findall("`+", failure.log)), default=0)
            fence = "`" * max(3, longest + 1)  # longer than any in the log, so that no line of the log ends the block
            lines += ["", f"  {fence}text", *(f"  {line}" for line in failure.log.splitlines()), f"  {fence}", ""]
    return lines


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
