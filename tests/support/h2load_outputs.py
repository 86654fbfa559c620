"""Captured outputs of h2load, by name; outputs/README.txt has the commands."""

from __future__ import annotations

from pathlib import Path

from topolab.drivers.h2load.output import Rows, Summary, parse_rows, parse_summary

OUTPUTS = Path(__file__).parents[1] / "drivers" / "h2load" / "outputs"


def summary_of(name: str) -> Summary:
    return parse_summary((OUTPUTS / f"{name}.txt").read_text())


def rows_of(name: str) -> Rows:
    return parse_rows((OUTPUTS / f"{name}.tsv").read_text())
