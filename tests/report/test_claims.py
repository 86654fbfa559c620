"""The page of claims: verdicts, figures, pictures, tables and the runs behind them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.made_report import ALB, DIRECT, stored_report
from topolab.errors import InputError
from topolab.model.claim import Article, Check, Claim, Section
from topolab.report import Report
from topolab.report.claims import to_article

SLOWER = Check(cell=ALB.id, figure="requests_per_second", less_than=DIRECT.id)
ARTICLE = Article(
    title="Then and now",
    text="What was said.\n",
    sections=(
        Section(
            title="One",
            text="A proxy costs something.",
            matrix="mine",
            tables=("headline",),
            pictures={"chart-1-requests_per_second.svg": "the rates"},
            claims=(Claim(said="a proxy makes it slower", checks=(SLOWER,)),),
        ),
    ),
)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return stored_report(tmp_path / "run")


def test_a_claim_is_followed_by_its_figures_and_verdict(report: Report) -> None:
    text = to_article(ARTICLE, {"mine": report}, "page")
    assert text.startswith("# Then and now\n\nWhat was said.\n\n## One\n\nA proxy costs something.\n\n")
    assert (
        "| then | now | |\n| --- | --- | --- |\n"
        "| a proxy makes it slower | `hypercorn-uvloop bare alb h2 ceiling` 500/s ±2.0% against "
        "`hypercorn-uvloop bare direct h2 ceiling` 1,000/s ±1.0%: ratio 0.50 (0.49 to 0.50) | **holds** |\n"
    ) in text
    assert "![the rates](page/mine/chart-1-requests_per_second.svg)" in text
    assert "### ceiling, bare app\n\nGood responses per second:\n\n| server | direct h2 | alb h2 |\n" in text


def test_the_runs_are_listed_with_their_commands(report: Report) -> None:
    (line,) = [
        line for line in to_article(ARTICLE, {"mine": report}, "page").splitlines() if line.startswith("- `python3")
    ]
    assert line.startswith(
        "- `python3 scripts/run_matrix.py --matrix mine --backend local --rounds 3`: 2026-11-24, 100 s, seed 7"
    )


def test_a_section_without_its_run_is_refused(report: Report) -> None:
    with pytest.raises(InputError, match="One: give the folder of a run of the matrix mine"):
        to_article(ARTICLE, {"another": report}, "page")


def test_an_unknown_table_is_refused(report: Report) -> None:
    section = Section(title="Two", text="x", matrix="mine", tables=("nonsense",))
    with pytest.raises(InputError, match="Two: no table is called 'nonsense'; there are headline, rate, "):
        to_article(Article(title="t", text="x", sections=(section,)), {"mine": report}, "page")
