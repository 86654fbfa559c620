"""The report on a terminal: rich tables, and the notes needed to read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from topolab.report.blocks import Block, Chart, Facts, Failures, GroupTable, Heading, Listing, Notes, Paragraph
from topolab.report.notes import Failure
from topolab.report.outline import outline
from topolab.report.report import Report
from topolab.report.tables import Table

_LOG_LINES = 8
_GAP = 3  # padding on both sides, and the box's own column between them


def print_report(report: Report, console: Console) -> None:
    """Print every block of the report's outline that is not a detailed one."""
    for block in outline(report):
        if not block.detailed:
            _print_block(block, console)


def _print_block(block: Block, console: Console) -> None:
    match block:
        case Heading():
            console.print(Text(f"\n{block.text}", style="bold underline"))
        case Paragraph():
            console.print(Text(f"{block.label}: {block.text}" if block.label else block.text))
        case GroupTable() if _too_wide(block.table, console.width):
            _print_fields(block.table, console)
        case GroupTable():
            for part in _fitting(block.table, console.width):
                _print_table(part, console)
        case Chart():
            pass  # a terminal shows no pictures
        case Notes():
            console.print()
            for line in block.lines:
                console.print(Text(line))
        case Listing():
            _print_list(block.title, block.lines, console)
        case Facts():
            _print_list(block.title, [f"{name}: {value}" for name, value in block.facts.items()], console)
        case Failures():
            for failure in block.failures:
                _print_failure(failure, console)
        case _:
            assert_never(block)


def _print_failure(failure: Failure, console: Console) -> None:
    count = len(failure.cell_ids)
    others = f" and {count - 1} more" if count > 1 else ""
    console.print(Text(f"failed: {failure.cell_ids[0]}{others}: {failure.reason}", style="red"))
    for line in failure.log.splitlines()[-_LOG_LINES:]:
        console.print(Text(f"    {line}", style="dim"))


def _too_wide(table: Table, width: int) -> bool:
    """Whether some column does not fit even alone next to the names."""
    names, *others = _narrowest_widths(table)
    return any(names + other + 2 * _GAP > width for other in others)


def _fitting(table: Table, width: int) -> Iterator[Table]:
    """The table, or several with the same first column where it is too wide. No figure is ever cut."""
    widths = _narrowest_widths(table)
    left = list(range(1, len(table.head)))
    while left:
        taken = [0, left.pop(0)]
        while left and sum(widths[index] + _GAP for index in (*taken, left[0])) <= width:
            taken.append(left.pop(0))
        rows = tuple(tuple(row[index] for index in taken) for row in table.rows)
        yield Table(table.title, tuple(table.head[index] for index in taken), rows)


def _narrowest_widths(table: Table) -> list[int]:
    """How narrow each column can get: row names do not break, other texts may break at spaces."""
    names = [len(row[0].text) for row in table.rows]
    columns = zip(table.head[1:], *(row[1:] for row in table.rows), strict=True)
    texts = ([heading, *(entry.text for entry in entries)] for heading, *entries in columns)
    return [max(names, default=0), *(max(len(word) for text in column for word in text.split()) for column in texts)]


def _widths(table: Table, width: int) -> list[int]:
    """The widths of the columns. Spare room goes first to figures, so that they do not break, then to headings.

    rich is given every width, because on its own it narrows the widest column and cuts its texts.
    """
    widths = _narrowest_widths(table)
    spare = width - sum(narrowest + _GAP for narrowest in widths)
    figures = [max((len(row[index].text) for row in table.rows), default=0) for index in range(len(table.head))]
    for wanted in (figures, list(map(len, table.head))):
        for index, whole in enumerate(wanted):
            taken = max(0, min(spare, whole - widths[index]))
            widths[index] += taken
            spare -= taken
    return widths


def _print_table(table: Table, console: Console) -> None:
    rich_table = RichTable(
        title=table.title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1)
    )
    for index, (heading, width) in enumerate(zip(table.head, _widths(table, console.width), strict=True)):
        rich_table.add_column(heading, justify="right" if index else "left", width=width)
    for row in table.rows:
        rich_table.add_row(*(Text(entry.text, style="bold" if entry.best else "") for entry in row))
    console.print(rich_table)
    console.print()


def _print_fields(table: Table, console: Console) -> None:
    """Every field on a line of its own, below the name of its row: for terminals too narrow for columns."""
    console.print(Text(table.title))
    for name, *entries in table.rows:
        console.print(Text(name.text))
        for heading, entry in zip(table.head[1:], entries, strict=True):
            console.print(Text(f"  {heading}: ").append(entry.text, style="bold" if entry.best else ""))
    console.print()


def _print_list(title: str, lines: Sequence[str], console: Console) -> None:
    console.print(Text(f"{title.lower()}:"))
    for line in lines:
        console.print(Text(f"  {line}"))
