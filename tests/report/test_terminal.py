"""The report on a terminal: its width, its colours and its contents."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from support.made_report import stored_report
from support.made_run import FAILURE, rates, record, rounds
from topolab.catalogue import Catalogue
from topolab.model.matrix import Matrix, Selection
from topolab.plan import Filters, make_plan
from topolab.report import Report, read_report
from topolab.report.terminal import print_report
from topolab.store import Store

ESCAPE = "\x1b"


def printed(report: Report, width: int = 80, terminal: bool = False) -> str:
    text = io.StringIO()
    print_report(report, Console(file=text, width=width, force_terminal=terminal))
    return text.getvalue()


def test_without_a_terminal_there_are_no_escape_codes(report: Report) -> None:
    assert ESCAPE not in printed(report)


def test_on_a_terminal_there_are_escape_codes(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert f"{ESCAPE}[31mfailed" in printed(report, terminal=True)


def test_no_color_removes_the_colours(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    codes = re.findall(r"\x1b\[([\d;]*)m", printed(report, terminal=True))
    colours = [code for code in codes for part in code.split(";") if part and 30 <= int(part) < 50]
    assert colours == []


def test_no_color_and_a_pipe_give_no_escape_codes(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert ESCAPE not in printed(report)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_line_is_wider_than_the_terminal(report: Report, width: int) -> None:
    assert max(map(len, printed(report, width).splitlines())) <= width


def test_a_terminal_too_narrow_for_columns_gets_a_line_per_field(report: Report) -> None:
    assert "\nhypercorn-uvloop\n  direct h2: " in printed(report, 24)


def test_the_tables_and_the_failures_are_printed(report: Report) -> None:
    text = " ".join(printed(report, width=200).split())
    assert "granian-asgi failed 1,000 ±0.0% failed" in text
    assert "hypercorn-uvloop 1,000 ±1.0% 500 ±2.0%!" in text
    assert "failed: granian-asgi/bare-asgi/direct/h2/ceiling: ready: no answer within 10 s" in text
    assert "OSError: [Errno 98] in use" in text
    assert "skipped: not reached: the run was interrupted before its first round" in text
    assert "gunicorn-sync does not speak HTTP/2: a direct hop would be HTTP/1.1" in text


def test_brackets_in_a_log_are_not_markup(report: Report) -> None:
    assert "[Errno 98]" in printed(report)


def everything_measured(catalogue: Catalogue, folder: Path, everywhere: bool) -> Report:
    """Every server of the `default` matrix, measured; with `everywhere` over all topologies and protocols."""
    chosen = catalogue.matrices["default"].select
    if everywhere:
        chosen = tuple(
            Selection(servers=s.servers, apps=s.apps, topologies=("*",), protocols=("*",), profiles=s.profiles)
            for s in chosen
        )
    matrix = Matrix(name="mine", summary="mine", rounds=1, select=chosen)
    plan = make_plan(matrix, catalogue, Filters(), {})
    with Store.create(folder, record(plan.cells, plan.skips)) as store:
        for cell in plan.cells:
            for made in rates(cell, 12345.0, 13000.0):
                store.add(made)
        return read_report(store)


@pytest.fixture(scope="module")
def everywhere(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return everything_measured(catalogue, tmp_path_factory.mktemp("everywhere") / "run", everywhere=True)


@pytest.fixture(scope="module")
def wide_words(everywhere: Report) -> list[str]:
    return words(everywhere, 500)


def words(report: Report, width: int) -> list[str]:
    return printed(report, width).partition("\nBold: ")[0].split()


def test_no_servers_name_is_cut_at_80_columns(catalogue: Catalogue, tmp_path: Path, everywhere: Report) -> None:
    for report in (everywhere, everything_measured(catalogue, tmp_path / "run", everywhere=False)):
        names = {row.combination.server for row in report.summary.cells if row.status == "measured"}
        narrow, wide = words(report, 80), words(report, 500)
        assert all(narrow.count(name) >= wide.count(name) for name in names)
    assert min(wide.count(name) for name in names) > 0


def test_no_figure_of_the_default_matrix_is_cut_at_80_columns(catalogue: Catalogue, tmp_path: Path) -> None:
    assert "…" not in printed(everything_measured(catalogue, tmp_path / "run", everywhere=False))


@pytest.mark.parametrize("width", [80, 120])
def test_no_figure_is_cut_with_many_columns(catalogue: Catalogue, tmp_path: Path, width: int) -> None:
    assert "…" not in printed(everything_measured(catalogue, tmp_path / "run", everywhere=True), width)


@pytest.mark.parametrize("width", [20, 24, 30, 38, 40, 46, 50, 60, 80, 100, 118, 120, 123, 140])
def test_every_figure_is_printed_at_any_width(everywhere: Report, wide_words: list[str], width: int) -> None:
    narrow = words(everywhere, width)
    figures = {word for word in wide_words if re.fullmatch(r"[±\d].*|diff\.", word)}
    assert len(figures) > 5
    assert {word: narrow.count(word) for word in figures} == {word: wide_words.count(word) for word in figures}


def test_changes_are_relative_to_direct_where_it_was_measured(everywhere: Report) -> None:
    text = printed(everywhere, width=500)
    assert re.search(r"^change .*from direct ", text, re.MULTILINE)


def test_a_run_with_only_failures_can_be_printed(report: Report, tmp_path: Path) -> None:
    (failed,) = [cell for cell in report.record.plan.cells if cell.id == "granian-asgi/bare-asgi/direct/h2/ceiling"]
    text = printed(stored_report(tmp_path / "run", [failed], [], rounds(failed, FAILURE)))
    assert re.search(r"granian-asgi +failed", text)
