"""A figure that cannot be computed ends a report with one line, and the run is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.made_run import cell
from support.stored_runs import finished_run
from topolab.cli.entry import main
from topolab.model.outcome import Measured
from topolab.stats.figures import FIGURES, Figure


def no_spam(_: Measured) -> float:
    raise ValueError("no spam")


def test_a_report_with_a_broken_figure_is_one_line_and_works_once_it_is_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = finished_run(tmp_path / "run")
    with monkeypatch.context() as broken:
        broken.setitem(FIGURES, "spam", Figure(name="spam", title="spam", unit="", of=no_spam))
        code = main(["--resume", str(folder)])
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert (code, shown.out, [path.name for path in folder.glob("re*")]) == (2, "", [])
    assert line.startswith(
        f"topolab: figure spam: `of` failed for the cell {cell().id}: ValueError: no spam; all that was measured is "
        "kept; correct the figure, and report with: "
    )
    assert line.endswith(f" --resume {folder}")
    assert main(["--resume", str(folder)]) == 0
    assert (folder / "report.md").is_file()
