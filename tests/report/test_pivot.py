"""What stands in the rows: servers that compete, or the loads that one server was run under."""

from __future__ import annotations

from pathlib import Path

from report.made_report import stored_report
from store.made_run import cell, counted, rates, rounds
from topolab.model.cell import Cell
from topolab.model.protocol import ClientProtocol
from topolab.report import Report
from topolab.report.notes import reading
from topolab.report.pivot import Table, groups, headline_table, latency_table, rate_table

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


def shown(table: Table | None) -> list[tuple[str, ...]]:
    assert table is not None
    return [table.head, *(tuple(f"*{e.text}*" if e.best else e.text for e in row) for row in table.rows)]


def test_one_servers_loads_are_the_rows_in_the_plans_order_by_kind_of_figure(tmp_path: Path) -> None:
    report = the_report(tmp_path / "run")
    rate, count = groups(report.summary)
    assert (rate.title, count.title) == (
        "hypercorn-uvloop, bare app: good responses per second",
        "hypercorn-uvloop, bare app: seconds from the first connection to the last of the responses",
    )
    assert shown(headline_table(count, report.summary)) == [
        ("load", "direct h1", "direct h2"),
        ("counted", "0.100 ±10%", "0.100 ±10%"),
        ("counted-m5", "0.100 ±10%^", "0.100 ±10%"),
    ]
    assert shown(rate_table(count)) == [
        ("load", "direct h1", "direct h2"),
        ("counted", "1,000 ±11%", "1,000 ±11%"),
        ("counted-m5", "1,000 ±11%", "1,000 ±11%"),
    ]
    assert shown(headline_table(rate, report.summary))[1:] == [("ceiling", "1,000 ±1.0%", "1,000 ±1.0%")]
    assert rate_table(rate) is None


def test_with_a_second_server_each_load_has_tables_of_its_own_and_a_best(tmp_path: Path) -> None:
    report = the_report(tmp_path / "run", cell("granian-asgi", profile="counted"))
    found = groups(report.summary)
    assert [group.title for group in found] == [f"{load}, bare app" for load in LOADS]
    assert shown(headline_table(found[0], report.summary)) == [
        ("server", "direct h1", "direct h2"),
        ("hypercorn-uvloop", "*0.100 ±10%*", "*0.100 ±10%*"),
        ("granian-asgi", "–", "*0.100 ±10%*"),
    ]


def test_the_times_of_a_closed_loop_are_told_to_measure_the_queue(tmp_path: Path) -> None:
    report = the_report(tmp_path / "run")
    table = latency_table(groups(report.summary)[1])
    assert table is not None
    assert table.title == "time per request in ms in a closed loop, which measures the queue: median/90 %/99 %"


def test_the_notes_say_what_a_driver_cannot_see_and_speak_of_a_best_only_where_servers_compete(tmp_path: Path) -> None:
    lines = reading(the_report(tmp_path / "run"))
    assert not any(line.startswith("Bold") for line in lines)
    assert (
        "h2load sees no headers: there the protocol of the hop to the app was proved by a request before and one after "
        "each load, and not in every response."
    ) in lines
    assert any(line.startswith("^ pipelined: ") for line in lines)
