"""The files of a report, written from what is in the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from topolab.distributions import missing, not_installed
from topolab.model.visit import PAGE_FILE
from topolab.report.as_csv import to_csv
from topolab.report.as_json import to_json
from topolab.report.markdown import to_markdown
from topolab.report.outline import charts
from topolab.report.report import Report

_DRAWN_WITH = ("matplotlib",)


def write_files(report: Report, folder: Path) -> list[str]:
    """Write every file of a report, and return their names, the one to read first coming first.

    They are report.md, results.csv and results.json, charts where the matrix asks for them, and page.json and
    waterfalls where a browser visited pages.
    """
    _put(folder / "results.json", to_json(report).encode())
    _put(folder / "results.csv", to_csv(report).encode())
    _put(folder / "report.md", to_markdown(report).encode())
    names = ["report.md", "results.csv", "results.json"]
    for name, content in (*_charts(report), *_pages(report, folder)):
        _put(folder / name, content)
        names.append(name)
    return names


def _put(path: Path, content: bytes) -> None:
    """Write the whole file or leave the one that is there: a full disk must not cut a report short."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def undrawn(report: Report) -> str:
    """Why the report has no pictures though it should; empty where it has them, or should have none."""
    absent = missing(_DRAWN_WITH)
    return not_installed("a picture", absent) if absent and (report.record.charts or report.visited) else ""


def _charts(report: Report) -> Iterator[tuple[str, bytes]]:
    wanted = charts(report)
    if not wanted or missing(_DRAWN_WITH):
        return
    from topolab.report.charts import bar_chart, picture

    for chart in wanted:
        drawn = bar_chart(chart.group, chart.figure)
        for kind in ("svg", "png"):
            yield f"{chart.name}.{kind}", picture(drawn, kind)


def _pages(report: Report, folder: Path) -> Iterator[tuple[str, bytes]]:
    """What a browser saw, where the run used one."""
    if not report.visited:
        return
    from topolab.report.visits import read_visits, to_page_json

    shown = read_visits(report, folder)
    if shown and not missing(_DRAWN_WITH):
        from topolab.report.charts import picture
        from topolab.report.waterfall import waterfall

        drawn = waterfall(shown)
        for kind in ("png", "svg"):
            yield f"waterfall.{kind}", picture(drawn, kind)
    yield PAGE_FILE, to_page_json(report, shown).encode()
