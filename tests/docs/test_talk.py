"""docs/talk.md and its pictures are exactly what topolab makes from the stored runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from support.command import ROOT
from support.drawn_visits import drawn_visits
from topolab.cli.claims import main, write_article
from topolab.report import read_report, write_files
from topolab.report.charts import picture
from topolab.report.waterfall import waterfall
from topolab.store import Store

TALK = ROOT / "docs" / "talk.toml"


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """A copy, because reading a run may create files next to it."""
    copy = tmp_path / "runs"
    shutil.copytree(ROOT / "docs" / "talk", copy)
    return sorted(copy.iterdir())


def test_the_page_is_the_scripts_output_for_the_stored_runs(runs: list[Path], tmp_path: Path) -> None:
    write_article(TALK, runs, tmp_path / "talk.md")

    assert (tmp_path / "talk.md").read_text() == (ROOT / "docs" / "talk.md").read_text()
    made = {path.relative_to(tmp_path / "talk") for path in (tmp_path / "talk").rglob("*.*")}
    assert made == {path.relative_to(ROOT / "docs" / "talk") for path in (ROOT / "docs" / "talk").rglob("*.*")}


def without_version(svg: bytes) -> bytes:
    """An SVG without the version of Matplotlib, so that an update that draws the same changes nothing."""
    return re.sub(rb"Matplotlib v[\d.]+", b"Matplotlib", svg)


@pytest.mark.parametrize("name", ["talk-2020", "talk-options"])
def test_the_charts_are_those_of_the_stored_runs(name: str, runs: list[Path]) -> None:
    (run,) = [run for run in runs if run.name == name]
    stored = {chart.name: without_version(chart.read_bytes()) for chart in run.glob("*.svg")}
    with Store.open(run) as store:
        write_files(read_report(store), run)
    assert stored
    assert {chart: without_version((run / chart).read_bytes()) for chart in stored} == stored


def test_the_waterfall_is_what_the_report_draws_of_its_visits(runs: list[Path]) -> None:
    (run,) = [run for run in runs if run.name == "page-browser"]
    with Store.open(run) as store:
        drawn = waterfall(drawn_visits(run / "waterfall.svg", read_report(store)))
    picture(drawn, "png")  # a run writes this first, and each writing refines the layout
    assert without_version(picture(drawn, "svg")) == without_version((run / "waterfall.svg").read_bytes())


def test_the_stored_runs_contain_no_paths_of_the_machine(runs: list[Path]) -> None:
    for run in runs:
        content = (run / "run.sqlite").read_bytes()
        assert [word for word in (b"/root/", b"/home/", b"/work/") if word in content] == []


def test_a_missing_run_is_reported_in_one_line(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(TALK, [*map(str, runs[:-1]), "--out", str(tmp_path / "talk.md")]) == 2
    assert capsys.readouterr().err.endswith(f"give the folder of a run of the matrix {runs[-1].name}\n")
    assert not (tmp_path / "talk.md").exists()


def test_a_folder_without_a_run_is_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(TALK, [str(tmp_path)]) == 2
    assert (
        capsys.readouterr().err
        == f"topolab: {tmp_path}: no run here; give the id or the folder of a run, which contains run.sqlite\n"
    )
