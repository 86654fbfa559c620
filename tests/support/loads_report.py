"""A report of one server under several loads."""

from __future__ import annotations

from pathlib import Path

from support.made_report import stored_report
from support.made_run import cell, counted, rates, rounds
from topolab.model.cell import Cell
from topolab.model.protocol import ClientProtocol
from topolab.report import Report

LOADS = ("counted", "counted-m5", "ceiling")

CELLS = tuple(cell(protocol=p, profile=load) for load in LOADS for p in (ClientProtocol.HTTP1, ClientProtocol.H2))


def the_report(folder: Path, *more: Cell) -> Report:
    observations = []
    for of in (*CELLS, *more):
        if of.combination.profile == "ceiling":
            observations += rates(of, 1000.0, 1010.0, 990.0)
        else:
            observations += rounds(of, *(counted(of, seconds) for seconds in (0.1, 0.11, 0.09)))
    return stored_report(folder, (*CELLS, *more), (), observations)
