"""A run's summary to terminal table, Markdown, CSV, JSON and pictures. Pure: no server runs, no clock is read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from topolab.model.driver import Driver
from topolab.model.outcome import Observation
from topolab.model.run import RunRecord, Sitting
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


def read_report(store: Store) -> Report:
    """The report of what is in the store so far."""
    return Report(store.record, tuple(store.observations()), tuple(store.sittings()))


def write_files(report: Report, folder: Path) -> list[str]:
    """Write (again) every file of a report; their names, the one to read first coming first.

    They are report.md, results.csv, results.json, and of what a browser visited page.json and the waterfalls.
    """
    from topolab.report.as_csv import to_csv
    from topolab.report.as_json import to_json
    from topolab.report.markdown import to_markdown

    (folder / "results.json").write_text(to_json(report), encoding="utf-8")
    (folder / "results.csv").write_text(to_csv(report), encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    names = ["report.md", "results.csv", "results.json"]
    return names + (_write_pages(report, folder) if _has_pages(report) else [])


def _has_pages(report: Report) -> bool:
    """Whether a browser has something to do with the run."""
    profiles = report.record.profiles
    return any(profiles[cell.combination.profile].driver is Driver.BROWSER for cell in report.record.plan.cells)


def _write_pages(report: Report, folder: Path) -> list[str]:
    from topolab.report.visits import read_visits, to_page_json
    from topolab.report.waterfall import draw

    shown = read_visits(report, folder)
    (folder / "page.json").write_text(to_page_json(report, shown), encoding="utf-8")
    if not shown:
        return ["page.json"]
    pictures = draw(shown)
    (folder / "waterfall.png").write_bytes(pictures.png)
    (folder / "waterfall.svg").write_bytes(pictures.svg)
    return ["waterfall.png", "waterfall.svg", "page.json"]
