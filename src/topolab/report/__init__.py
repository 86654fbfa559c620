"""A run's summary to terminal table, Markdown, CSV, JSON and pictures. Pure: no server runs, no clock is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from topolab.model.driver import Driver
from topolab.model.outcome import Observation
from topolab.model.page import PAGE_FILE
from topolab.model.run import RunRecord, Sitting
from topolab.report.grouping import TITLES, Group, groups
from topolab.stats.summary import RunSummary, summarise
from topolab.store import Store

__all__ = ["Report", "read_report", "write_files"]


@dataclass(frozen=True)
class Report:
    """Everything a report is made from."""

    record: RunRecord
    observations: tuple[Observation, ...]
    sittings: tuple[Sitting, ...]

    @cached_property
    def summary(self) -> RunSummary:
        """One row per cell."""
        return summarise(self.record.plan, self.observations, self.record.profiles)

    @cached_property
    def groups(self) -> list[Group]:
        """The sets of tables, with the rows that the matrix wants."""
        return groups(self.summary, self.record.rows)


def read_report(store: Store) -> Report:
    """The report of what is in the store so far."""
    return Report(store.record, tuple(store.observations()), tuple(store.sittings()))


def write_files(report: Report, folder: Path) -> list[str]:
    """Write (again) every file of a report; their names, the one to read first coming first.

    They are report.md, results.csv, results.json, where the matrix wants them its charts, and of what a browser
    visited page.json and the waterfalls.
    """
    from topolab.report.as_csv import to_csv
    from topolab.report.as_json import to_json
    from topolab.report.markdown import to_markdown

    (folder / "results.json").write_text(to_json(report), encoding="utf-8")
    (folder / "results.csv").write_text(to_csv(report), encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    names = ["report.md", "results.csv", "results.json"]
    for name, content in (*_charts(report), *_pages(report, folder)):
        (folder / name).write_bytes(content)
        names.append(name)
    return names


def _charts(report: Report) -> Iterator[tuple[str, bytes]]:
    """The figures of every group, where the matrix wants them drawn."""
    if not report.record.charts:
        return
    from topolab.report.charts import bar_chart, figures_drawn, picture

    for number, group in enumerate(report.groups, start=1):
        for figure in figures_drawn(group):
            drawn = bar_chart(group, figure, TITLES[figure])
            for kind in ("svg", "png"):
                yield f"chart-{number}-{figure}.{kind}", picture(drawn, kind)


def _pages(report: Report, folder: Path) -> Iterator[tuple[str, bytes]]:
    """What a browser saw, where one had something to do with the run."""
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
