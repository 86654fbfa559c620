"""The figure and the format in docs/extending.md: one entry or one file is enough."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from support.documents import example, names_of
from support.made_report import stored_report
from support.made_run import cell, measured, rates, rounds
from topolab.model.claim import Article, Check, Claim, Section
from topolab.report import Report, write_files
from topolab.report.blocks import GroupTable, Heading
from topolab.report.claims import to_article
from topolab.report.markdown import to_markdown
from topolab.report.outline import outline
from topolab.report.terminal import print_report
from topolab.stats.figures import FIGURES, Figure, FigureTable

DIRECT, ALB = cell(), cell(topology="alb")


def connections() -> Figure:
    """The document's figure."""
    names = names_of(example("A figure", "python"), {"Figure": Figure, "FigureTable": FigureTable})
    figure = names["CONNECTIONS"]
    assert isinstance(figure, Figure)
    return figure


CONNECTIONS = connections()


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """The report of a run with one more figure: 4 connections direct, 8 through the proxy."""
    monkeypatch.setitem(FIGURES, CONNECTIONS.name, CONNECTIONS)
    observations = [
        made
        for of, count in ((DIRECT, 4), (ALB, 8))
        for made in rounds(of, *(measured(of, client_connections=count),) * 3)
    ]
    report = stored_report(tmp_path / "run", (DIRECT, ALB), (), observations)
    return replace(report, record=replace(report.record, charts=True))


def test_a_new_figure_is_estimated_for_every_cell(report: Report) -> None:
    found = [cell.estimates[CONNECTIONS.name] for cell in report.summary.cells]
    assert [(estimate.median, estimate.samples) for estimate in found if estimate] == [
        (4, (4, 4, 4)),
        (8, (8, 8, 8)),
    ]


def test_a_new_figure_has_its_tables(report: Report) -> None:
    text = io.StringIO()
    print_report(report, Console(file=text, width=120))
    for shown in (to_markdown(report).replace("|", " ").lower(), text.getvalue().lower()):
        words = " ".join(shown.split())
        assert "connections that the client opened" in words
        assert "hypercorn-uvloop 4.00 ±0.0% 8.00 ±0.0%" in words
        assert "change in connections from direct h2, where it is more than noise" in words
        assert "hypercorn-uvloop – +100%" in words


def test_a_new_figure_has_its_medians_once_next_to_each_headline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FIGURES, CONNECTIONS.name, CONNECTIONS)
    cells = [cell(profile=profile) for profile in ("ceiling", "steady")]
    observations = [made for of in cells for made in rates(of, 500.0, 510.0, 490.0, p50_ms=1.0)]
    blocks = outline(stored_report(tmp_path / "run", cells, (), observations))
    shown: dict[str, list[str]] = {}
    for block in blocks:
        match block:
            case Heading():
                heading = block.text
            case GroupTable() if "connections" in block.table.title:
                shown.setdefault(heading, []).append(block.table.title)
    assert shown == {
        "hypercorn-uvloop, bare app: good responses per second": ["connections that the client opened"],
        "hypercorn-uvloop, bare app: median latency in ms, from the planned send time": ["connections by the client"],
    }


def test_a_new_figure_is_drawn(report: Report, tmp_path: Path) -> None:
    assert f"chart-1-{CONNECTIONS.name}.svg" in write_files(report, tmp_path)
    assert "connections that the client opened" in (tmp_path / f"chart-1-{CONNECTIONS.name}.svg").read_text()


def test_a_new_figure_is_in_csv_and_json(report: Report, tmp_path: Path) -> None:
    write_files(report, tmp_path)
    direct, _ = csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text()))
    assert [direct[f"{CONNECTIONS.name}_{part}"] for part in ("median", "low", "high")] == ["4.0", "4.0", "4.0"]
    _, alb = json.loads((tmp_path / "results.json").read_text())["cells"]
    assert alb[CONNECTIONS.name] == {"median": 8, "low": 8, "high": 8, "samples": [8, 8, 8]}


def test_a_claim_can_be_about_a_new_figure(report: Report) -> None:
    check = Check(cell=DIRECT.id, figure=CONNECTIONS.name, less_than=ALB.id)
    claims = (Claim(said="a proxy takes more connections", checks=(check,)),)
    section = Section(title="One", text="x", matrix="mine", tables=("connections", "connections-change"), claims=claims)
    text = to_article(Article(title="t", text="x", sections=(section,)), {"mine": report}, "page")
    assert (
        "| a proxy takes more connections | `hypercorn-uvloop bare direct h2 ceiling` 4.00 connections ±0.0% against "
        "`hypercorn-uvloop bare alb h2 ceiling` 8.00 connections ±0.0%: ratio 0.50 (0.50 to 0.50) | **holds** |\n"
    ) in text
    assert "Connections by the client:\n" in text
    assert "Change in connections from direct h2, where it is more than noise:\n" in text


def test_a_new_format_has_every_table_in_the_order_of_every_report(report: Report) -> None:
    blocks = {"outline": outline, "Heading": Heading, "GroupTable": GroupTable}
    headings: Any = names_of(example("A report format", "python"), blocks)["headings"]
    assert headings(report) == [
        "Run 20261124-120000-mine",
        "ceiling, bare app",
        "  good responses per second",
        "  connections that the client opened",
        "  change in rate from direct h2, where it is more than noise",
        "  CPU per good response in µs: server+proxy",
        "  change in server CPU per response from direct h2, where it is more than noise",
        "  peak memory of the server",
        "  change in connections from direct h2, where it is more than noise",
        "  what was seen on each hop",
    ]
