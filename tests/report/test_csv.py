"""results.csv: one record per cell, with empty fields for unmeasured figures."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from support.made_report import (
    ALB,
    CELLS,
    DIRECT,
    FAILED,
    FAILED_ONCE,
    FAILED_PAGE,
    NOT_REACHED,
    SKIPPED,
    stored_report,
)
from support.made_run import USAGE, measured, rates, rounds
from topolab.report import Report
from topolab.report.as_csv import to_csv
from topolab.stats.figures import FIGURES

UNMEASURED = [FAILED.id, FAILED_PAGE.id, NOT_REACHED.id, SKIPPED.combination.id]
FIGURE_COLUMNS = [f"{name}_{part}" for name in FIGURES for part in ("median", "low", "high")]


@pytest.fixture(scope="module")
def rows(report: Report) -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in csv.DictReader(io.StringIO(to_csv(report)), strict=True)}


def test_there_is_one_record_for_each_cell(report: Report, rows: dict[str, dict[str, str]]) -> None:
    ids = [cell.id for cell in CELLS] + [SKIPPED.combination.id]
    assert list(rows) == ids
    assert len(to_csv(report).splitlines()) == len(ids) + 1


def test_every_record_is_as_long_as_the_heading(report: Report) -> None:
    lengths = {len(row) for row in csv.reader(io.StringIO(to_csv(report)), strict=True)}
    assert len(lengths) == 1


def test_a_measured_cell(rows: dict[str, dict[str, str]]) -> None:
    found = rows[ALB.id]
    assert {name: text.removesuffix(".0") for name, text in found.items() if text} == {
        "id": ALB.id,
        "server": "hypercorn-uvloop",
        "app": "bare",
        "interface": "asgi",
        "topology": "alb",
        "client_protocol": "h2",
        "profile": "ceiling",
        "status": "measured",
        "hops": "client -h2 tls x4-> proxy -http/1.1 x32-> server",
        "downgraded": "True",
        "rounds": "3",
        "requests_per_second_median": "500",
        "requests_per_second_low": "490",
        "requests_per_second_high": "510",
        **{f"server_cpu_us_per_request_{part}": "900" for part in ("median", "low", "high")},
        **{f"proxy_cpu_us_per_request_{part}": "200" for part in ("median", "low", "high")},
        **{f"client_cpu_us_per_request_{part}": "500" for part in ("median", "low", "high")},
        **{f"server_memory_peak_bytes_{part}": "52428800" for part in ("median", "low", "high")},
        "good_responses": "3000",
        "bad_responses": "3",
        "client_limited": "False",
        "steady": "True",
        "warnings": "bad responses",
    }


def test_every_figure_has_one_format_in_its_column_and_its_value(tmp_path: Path) -> None:
    """Bytes are counted in whole numbers, whose median is a whole number or not, depending on the rounds."""
    usages = (replace(USAGE, memory_peak_bytes=peak) for peak in (3, 8))
    of_alb = rounds(ALB, *(replace(measured(ALB), server_usage=usage) for usage in usages))
    report = stored_report(tmp_path / "run", (ALB, DIRECT), (), [*of_alb, *rates(DIRECT, 1000.0)])
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(to_csv(report)), strict=True)}
    peaks = [rows[ALB.id][f"server_memory_peak_bytes_{part}"] for part in ("median", "low", "high")]
    assert peaks == ["5.5", "3.0", "8.0"]
    found = [rows[cell.combination.id][name] for cell in report.summary.cells for name in FIGURE_COLUMNS]
    assert [text for text in found if text and not re.fullmatch(r"\d+\.\d+", text)] == []
    estimates = [cell.estimates.get(name) for cell in report.summary.cells for name in FIGURES]
    values = [value for of in estimates for value in ((of.median, of.low, of.high) if of else (None,) * 3)]
    assert [float(text) if text else None for text in found] == values


@pytest.mark.parametrize("cell_id", UNMEASURED)
def test_a_figure_that_was_not_measured_is_an_empty_field(rows: dict[str, dict[str, str]], cell_id: str) -> None:
    found = rows[cell_id]
    assert [found[name] for name in FIGURE_COLUMNS] == [""] * len(FIGURE_COLUMNS)
    assert [found[name] for name in ("hops", "downgraded", "client_limited", "steady", "warnings")] == [""] * 5
    assert found["reason"]


@pytest.mark.parametrize("cell_id", UNMEASURED)
def test_uncounted_responses_are_an_empty_field(rows: dict[str, dict[str, str]], cell_id: str) -> None:
    assert (rows[cell_id]["good_responses"], rows[cell_id]["bad_responses"]) == ("", "")


def test_a_cell_that_failed_once_has_its_reason_and_its_figures(rows: dict[str, dict[str, str]]) -> None:
    found = rows[FAILED_ONCE.id]
    assert found["status"] == "failed"
    assert found["reason"] == "round 2 of 3: load: no good response: 32 status 502"
    assert found["requests_per_second_median"] == "1000.0"
