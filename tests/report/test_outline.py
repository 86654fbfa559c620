"""The outline of a report: the same blocks for every format."""

from __future__ import annotations

from pathlib import Path

from support.made_report import stored_report
from topolab.report import Report
from topolab.report.blocks import Block, GroupTable
from topolab.report.outline import outline


def named(block: Block) -> str:
    title = getattr(block, "title", "")
    return f"{type(block).__name__} {title}".strip()


def test_the_blocks_of_a_report_are_in_order(report: Report) -> None:
    found = [named(block) for block in outline(report) if not isinstance(block, GroupTable)]
    assert found == [
        *("Heading", "Paragraph"),
        *("Heading",) * 3,
        "Notes How to read this",
        "Listing Skipped",
        "Failures Failed",
        "Listing Where alb differs from AWS",
        "Facts Every hop, as seen in the last round",
        "Facts Environment",
        "Facts Command lines",
        "Paragraph Where the time went",
    ]


def test_an_empty_block_is_left_out(tmp_path: Path) -> None:
    empty = stored_report(tmp_path / "run", (), (), (), ())
    assert [named(block) for block in outline(empty)] == [
        "Heading",
        "Paragraph",
        "Notes How to read this",
        "Facts Environment",
    ]


def test_formats_with_little_room_leave_out_detailed_blocks(report: Report) -> None:
    left_out = dict.fromkeys(
        block.name if isinstance(block, GroupTable) else named(block) for block in outline(report) if block.detailed
    )
    assert list(left_out) == [
        "Heading",
        "Paragraph",
        "memory",
        "Listing Where alb differs from AWS",
        "Facts Every hop, as seen in the last round",
        "Facts Environment",
        "Facts Command lines",
    ]
