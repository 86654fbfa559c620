"""The files of a report, written from what is in the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from topolab.model.driver import Driver
from topolab.model.visit import PAGE_FILE
from topolab.report.as_csv import to_csv
from topolab.report.as_json import to_json
from topolab.report.markdown import to_markdown
from topolab.report.outline import charts
from topolab.report.report import Report


def write_files(report: Report, folder: Path) -> list[str]:
    """Write every file of a report, and return their names, the one to read first coming first.

    They are report.md, results.csv and results.json, charts where the matrix asks for them, and page.json and
    waterfalls where a browser visited pages.
    """
    (folder / "results.json").write_text(to_json(report), encoding="utf-8")
    (folder / "results.csv").write_text(to_csv(report), encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    names = ["report.md", "results.csv", "results.json"]
    for name, content in (*_charts(report), *_pages(report, folder)):
        (folder / name).write_bytes(content)
        names.append(name)
    return names


def _charts(report: Report) -> Iterator[tuple[str, bytes]]:
    wanted = charts(report)
    if not wanted:
        return
    from topolab.report.charts import bar_chart, picture

    for chart in wanted:
        drawn = bar_chart(chart.group, chart.figure)
        for kind in ("svg", "png"):
            yield f"{chart.name}.{kind}", picture(drawn, kind)


def _pages(report: Report, folder: Path) -> Iterator[tuple[str, bytes]]:
    """What a browser saw, where the run used one."""
    profiles = report.record.profiles
    if not any(profiles[cell.combination.profile].driver is Driver.BROWSER for cell in report.record.plan.cells):
        return
    from topolab.report.visits import read_visits, to_page_json

    shown = read_visits(report, folder)
    if shown:
        from topolab.report.charts import picture
        from topolab.report.waterfall import waterfall

        drawn = waterfall(shown)
        for kind in ("png", "svg"):
            yield f"waterfall.{kind}", picture(drawn, kind)
    yield PAGE_FILE, to_page_json(report, shown).encode()
