"""report.md: every table and note of a run, for reading and for pasting into an issue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from topolab.report import notes
from topolab.report.format import hops
from topolab.report.tables import Entry, Table, tables

if TYPE_CHECKING:
    from topolab.report.report import Report


def to_markdown(report: Report) -> str:
    """The document, ending in a newline."""
    record = report.record
    lines = [f"# Run {record.id}", ""]
    lines += [
        f"Matrix `{record.matrix}`, {record.rounds} round{'s' if record.rounds > 1 else ''}, seed {record.seed}, "
        f"backend {record.backend}, started {record.started}.",
        "",
    ]
    for group in report.groups:
        lines += [f"## {group.title}", ""]
        for table in tables(group, report.summary, memory=True):
            lines += table_lines(table)
    lines += ["## How to read this", "", *(f"- {_escaped(line)}" for line in notes.reading(report)), ""]
    lines += _section("Skipped", [f"- {line}" for line in notes.skipped(report)])
    lines += _section("Failed", _failures(report))
    for name, differences in notes.differences_from_aws(report):
        lines += _section(f"Where {name} differs from AWS", [f"- {text}" for text in differences])
    lines += _section("Every hop, as seen in the last round", _hop_list(report))
    lines += _section("Environment", [f"- {key}: {_plain(value)}" for key, value in record.environment.items()])
    lines += _section("Command lines", [f"- {name}: `{text}`" for name, text in notes.command_lines(report).items()])
    lines += _section("Where the time went", [time] if (time := notes.where_the_time_went(report)) else [])
    return "\n".join(lines).rstrip() + "\n"


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
    return [f"## {title}", "", *lines, ""] if lines else []


def _failures(report: Report) -> list[str]:
    lines = []
    for failure in notes.failed(report):
        lines.append(f"- {failure.reason}: {', '.join(f'`{cell_id}`' for cell_id in failure.cell_ids)}")
        if failure.log:
            longest = max((len(run) for run in re.findall("`+", failure.log)), default=0)
            fence = "`" * max(3, longest + 1)  # longer than any in the log, which cannot end it then
            lines += ["", f"  {fence}text", *(f"  {line}" for line in failure.log.splitlines()), f"  {fence}", ""]
    return lines


def _hop_list(report: Report) -> list[str]:
    return [f"- `{c.combination.id}`: `{hops(c.hops)}`" for c in report.summary.cells if c.hops]


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
