"""report.md: complete tables, reasons and logs, and no zero for unmeasured figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.made_report import ALB, DIRECT, FAILED, FAILED_ONCE, FAILED_PAGE, PAGE, stored_report
from support.made_run import FAILURE, cell, rates, rounds
from topolab.model.outcome import Failed, Stage
from topolab.report import Report, write_files
from topolab.report.markdown import to_markdown


@pytest.fixture(scope="module")
def text(report: Report) -> str:
    return to_markdown(report)


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of fields; an escaped pipe does not separate fields."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [
        [[field.strip() for field in re.split(r"(?<!\\)\|", line)[1:-1]] for line in block.splitlines()]
        for block in blocks
    ]


def table(text: str, title: str) -> list[list[str]]:
    (found,) = tables(text.partition(f"{title}\n")[2].partition("\n\n")[0].lstrip("\n") + "\n")
    return found


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n\n")[2].partition("\n## ")[0]


def test_every_row_of_a_table_has_as_many_fields_as_its_heading(text: str) -> None:
    found = tables(text)
    assert len(found) > 5
    for rows in found:
        assert {len(row) for row in rows} == {len(rows[0])}
        assert set(rows[1][1:]) <= {"---", "---:"}


def test_a_table_is_surrounded_by_empty_lines(text: str) -> None:
    assert re.findall(r"^[^|\n].*\n\|", text, re.MULTILINE) == []
    assert re.findall(r"^\|.*\n[^|\n]", text, re.MULTILINE) == []


def test_the_throughput_table_shows_failures_as_failed(text: str) -> None:
    assert table(section(text, "ceiling, bare app"), "Good responses per second:") == [
        ["server", "direct h2", "alb h2"],
        ["---", "---:", "---:"],
        ["granian-asgi", "failed", "**1,000 ±0.0% failed**"],
        ["hypercorn-uvloop", "**1,000 ±1.0%**", "500 ±2.0%!"],
    ]


def test_no_figure_of_a_cell_that_failed_is_a_zero(text: str) -> None:
    rows = [row for rows in tables(text) for row in rows if row[0] == "granian-asgi"]
    assert rows
    assert not [field for row in rows for field in row if re.match(r"\**0(\.0*)?\b", field)]


def test_a_failure_has_its_reason_its_cells_and_its_log(text: str) -> None:
    assert section(text, "Failed").startswith(
        f"- ready: no answer within 10 s: `{FAILED.id}`\n\n  ```text\n"
        "  Traceback (most recent call last):\n  OSError: [Errno 98] in use\n  ```\n"
    )
    assert f"- round 2 of 3: load: no good response: 32 status 502: `{FAILED_ONCE.id}`\n" in text
    assert f"- load: no good response: 32 status 502: `{FAILED_PAGE.id}`\n" in text


def test_skips_and_cells_not_reached_have_their_reason(text: str) -> None:
    assert section(text, "Skipped") == (
        "- not reached: the run was interrupted before its first round\n"
        "- gunicorn-sync does not speak HTTP/2: a direct hop would be HTTP/1.1\n"
    )


def test_every_measured_cells_hops_are_listed(text: str) -> None:
    listed = section(text, "Every hop, as seen in the last round")
    assert f"- `{ALB.id}`: `client -h2 tls x4-> proxy -http/1.1 x32-> server`\n" in listed
    assert f"- `{PAGE.id}`: `client -h2 tls x4-> server`\n" in listed
    assert FAILED.id not in listed


def test_copies_have_neither_row_nor_column(text: str) -> None:
    assert not [field for rows in tables(text) for row in rows for field in row if "+1" in field]


def test_what_a_topology_does_not_mimic_is_listed_where_it_was_used(text: str) -> None:
    assert re.findall(r"^## Where (.*) differs from AWS$", text, re.MULTILINE) == ["alb"]


def test_the_noise_floor_is_written(text: str) -> None:
    note = (
        "- Noise floor: cells measured twice differed from themselves by up to 2.0% (median over rounds), "
        "and in CPU per response by up to 0.0%.\n"
    )
    assert note in text


def test_the_latency_has_its_table(text: str) -> None:
    rows = table(section(text, "steady, bare app"), "Latency in ms: median/90 %/99 %:")
    assert rows[2] == ["hypercorn-uvloop", "1.00/2.00/30.0"]


def test_the_fastest_page_is_best(text: str) -> None:
    rows = table(section(text, "page-24, bare app"), "Seconds until the page's last response:")
    assert rows[2:] == [["hypercorn-uvloop", "**3.20 ±3.1%**"], ["granian-asgi", "failed"]]


def test_a_run_with_only_failures_has_a_report(tmp_path: Path) -> None:
    failed = cell(profile="page-24")
    report = stored_report(tmp_path / "run", [failed], [], rounds(failed, FAILURE))
    found = to_markdown(report)
    assert "| hypercorn-uvloop | failed |" in found
    assert f"- ready: no answer within 10 s: `{failed.id}`" in found


def test_a_run_with_nothing_measured_has_a_report(tmp_path: Path) -> None:
    found = to_markdown(stored_report(tmp_path / "run", observations=(), sittings=()))
    assert (tables(found), "Where the time went" in found) == ([], False)


def test_all_three_files_are_written_and_rewritten(report: Report, tmp_path: Path) -> None:
    write_files(report, tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_files(report, tmp_path)
    assert sorted(first) == ["report.md", "results.csv", "results.json"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


def test_the_marks_are_escaped_where_they_are_explained(tmp_path: Path) -> None:
    made = cell()
    found = to_markdown(stored_report(tmp_path / "run", [made], [], rates(made, 1.0, client_cpu_s=0.9)))
    assert "- * client-limited" not in found


def test_a_log_that_contains_a_fence_stays_inside_its_own_fence(tmp_path: Path) -> None:
    failed = Failed(Stage.START, "it ended", "```\n# not a heading")
    found = to_markdown(stored_report(tmp_path / "run", [DIRECT], [], rounds(DIRECT, failed)))
    assert "  ```text\n  ```\n" not in found
