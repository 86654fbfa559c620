"""The report on a terminal: rich tables, and only the notes needed to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from topolab.report import notes
from topolab.report.pivot import Table, change_table, cpu_table, groups, headline_table, latency_table, proof_table

if TYPE_CHECKING:
    from topolab.report import Report

_LOG_LINES = 8


def print_report(report: Report, console: Console) -> None:
    """Print every group's tables, then the notes."""
    for group in groups(report.summary):
        console.print(Text(f"\n{group.title}", style="bold underline"))
        tables = (
            headline_table(group, report.summary),
            latency_table(group),
            change_table(group, report.summary),
            cpu_table(group),
            change_table(group, report.summary, "server_cpu_us_per_request"),
            proof_table(group),
        )
        for table in tables:
            if table is not None and table.rows:
                _print_table(table, console)
    console.print()
    for line in notes.reading(report):
        console.print(Text(line))
    _print_list("skipped:", notes.skipped(report), console)
    for failure in notes.failed(report):
        count = len(failure.cell_ids)
        others = f" and {count - 1} more" if count > 1 else ""
        console.print(Text(f"failed: {failure.cell_ids[0]}{others}: {failure.reason}", style="red"))
        for line in failure.log.splitlines()[-_LOG_LINES:]:
            console.print(Text(f"    {line}", style="dim"))
    time = notes.where_the_time_went(report)
    if time:
        console.print(Text(f"time: {time}"))


def _print_table(table: Table, console: Console) -> None:
    rich_table = RichTable(
        title=table.title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1)
    )
    for index, heading in enumerate(table.head):
        rich_table.add_column(heading, justify="right" if index else "left", no_wrap=not index)
    for row in table.rows:
        rich_table.add_row(*(Text(entry.text, style="bold" if entry.best else "") for entry in row))
    console.print(rich_table)


def _print_list(heading: str, lines: list[str], console: Console) -> None:
    if lines:
        console.print(Text(heading))
        for line in lines:
            console.print(Text(f"  {line}"))
