"""A report as a list of blocks: what a report has, in which order. Formats draw it, and decide nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from topolab.report import notes
from topolab.report.blocks import Block, Chart, Facts, Failures, GroupTable, Heading, Listing, Notes, Paragraph
from topolab.report.format import counted, hops
from topolab.report.grouping import Group
from topolab.report.report import Report
from topolab.report.tables import next_to, table_kinds


def outline(report: Report) -> list[Block]:
    """Every block of a report, in order. A block with nothing in it is left out."""
    return [*_opening(report), *_groups(report), *_what_happened(report), *_what_it_ran_on(report)]


def charts(report: Report) -> list[Chart]:
    """The charts of every group, where the matrix asks for them."""
    if not report.record.charts:
        return []
    return [chart for number, group in enumerate(report.groups, start=1) for chart in _charts(number, group)]


def _opening(report: Report) -> Iterator[Block]:
    record = report.record
    yield Heading(text=f"Run {record.id}", level=1, detailed=True)
    rounds = counted(record.rounds, "round")
    yield Paragraph(
        text=f"Matrix `{record.matrix}`, {rounds}, seed {record.seed}, backend {record.backend}, "
        f"started {record.started}.",
        detailed=True,
    )


def _groups(report: Report) -> Iterator[Block]:
    for number, group in enumerate(report.groups, start=1):
        yield Heading(text=group.title, level=2)
        for kind in (kind for kind in table_kinds() if not kind.repeats(group)):
            for table in kind.draw(group, report.summary):
                yield GroupTable(name=kind.name, table=table, detailed=kind.detailed)
        if report.record.charts:
            yield from _charts(number, group)


def _charts(number: int, group: Group) -> Iterator[Chart]:
    for figure in (group.headline, *next_to(group)):
        if any(cell.estimates.get(figure.name) for cell in group.cells.values()):
            yield Chart(name=f"chart-{number}-{figure.name}", group=group, figure=figure, detailed=True)


def _what_happened(report: Report) -> Iterator[Block]:
    yield Notes(title="How to read this", lines=tuple(notes.reading(report)))
    if skipped := notes.skipped(report):
        yield Listing(title="Skipped", lines=tuple(skipped))
    if failed := notes.failed(report):
        yield Failures(title="Failed", failures=tuple(failed))


def _what_it_ran_on(report: Report) -> Iterator[Block]:
    for name, differences in notes.differences_from_aws(report):
        yield Listing(title=f"Where {name} differs from AWS", lines=differences, detailed=True)
    seen: dict[str, object] = {c.combination.id: hops(c.hops) for c in report.summary.cells if c.hops}
    if seen:
        title = "Every hop, as seen in the last round"
        yield Facts(title=title, facts=seen, code_names=True, code_values=True, detailed=True)
    if report.record.environment:
        yield Facts(title="Environment", facts=report.record.environment, detailed=True)
    if lines := notes.command_lines(report):
        yield Facts(title="Command lines", facts=lines, code_values=True, detailed=True)
    if time := notes.where_the_time_went(report):
        yield Paragraph(title="Where the time went", label="time", text=time)
