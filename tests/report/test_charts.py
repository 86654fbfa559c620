"""Bar charts: a bar for every measured figure, and the same bytes every time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.loads_report import CELLS, the_report
from support.made_report import stored_report
from support.made_run import FAILURE, cell, counted, mixed, rounds
from topolab.report.charts import bar_chart, picture
from topolab.report.grouping import groups
from topolab.report.outline import charts
from topolab.stats.figures import FIGURES


def test_a_row_has_a_bar_for_each_column_labelled_with_its_median(tmp_path: Path) -> None:
    group = groups(the_report(tmp_path / "run").summary)[1]
    axes = bar_chart(group, FIGURES["finish_seconds"]).axes[0]
    assert [bar.get_width() for bars in axes.containers if hasattr(bars, "patches") for bar in bars] == [0.1] * 4
    assert sorted(text.get_text() for text in axes.texts) == ["0.100"] * 4
    assert [label.get_text() for label in axes.get_yticklabels()] == ["counted", "counted-m5"]


def test_an_unmeasured_figure_has_no_bar(tmp_path: Path) -> None:
    first, *others = CELLS[:4]
    observations = [*rounds(first, FAILURE), *(o for of in others for o in rounds(of, counted(of, 0.2)))]
    group = groups(stored_report(tmp_path / "run", CELLS[:4], (), observations).summary)[0]
    axes = bar_chart(group, FIGURES["finish_seconds"]).axes[0]
    assert len(axes.texts) == 3


def test_a_counted_load_is_drawn_as_time_and_as_rate(tmp_path: Path) -> None:
    report = the_report(tmp_path / "run")
    assert charts(report) == []
    wanted = charts(replace(report, record=replace(report.record, charts=True)))
    assert [chart.name for chart in wanted] == [
        "chart-1-requests_per_second",
        "chart-2-finish_seconds",
        "chart-2-requests_per_second",
    ]


@pytest.mark.parametrize(("kind", "beginning"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_the_same_figures_give_the_same_bytes(tmp_path: Path, kind: str, beginning: bytes) -> None:
    group = groups(the_report(tmp_path / "run").summary)[0]
    first, second = (picture(bar_chart(group, group.headline), kind) for _ in range(2))
    assert first == second
    assert first.startswith(beginning)


@pytest.mark.parametrize(("slowest_ms", "scale"), [(100.0, "linear"), (9000.0, "log")])
def test_latencies_orders_of_magnitude_apart_get_a_log_scale(tmp_path: Path, slowest_ms: float, scale: str) -> None:
    fast, slow = cell("granian-asgi", profile="mixed"), cell(profile="mixed")
    observations = [*rounds(fast, mixed(fast, 3.0)), *rounds(slow, mixed(slow, slowest_ms))]
    group = groups(stored_report(tmp_path / "run", (fast, slow), (), observations).summary)[0]
    assert bar_chart(group, FIGURES["p99_ms"]).axes[0].get_xscale() == scale
