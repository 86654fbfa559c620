"""The rows of tables: competing servers, or the loads of one server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.loads_report import LOADS, the_report
from support.made_report import stored_report
from support.made_run import cell, mixed, page, rounds
from topolab.model.matrix import Rows
from topolab.model.protocol import ClientProtocol
from topolab.report import Report
from topolab.report.grouping import Group, groups
from topolab.report.notes import reading
from topolab.report.tables import Table, table_kinds


def tables(name: str, group: Group, report: Report) -> list[Table]:
    (kind,) = [kind for kind in table_kinds() if kind.name == name]
    return kind.draw(group, report.summary)


def the_table(name: str, group: Group, report: Report) -> Table:
    (table,) = tables(name, group, report)
    return table


def shown(table: Table) -> list[tuple[str, ...]]:
    return [table.head, *(tuple(f"*{e.text}*" if e.best else e.text for e in row) for row in table.rows)]


def test_one_servers_loads_are_rows_in_plan_order_grouped_by_headline(tmp_path: Path) -> None:
    report = the_report(tmp_path / "run")
    rate, count = groups(report.summary)
    assert (rate.title, count.title) == (
        "hypercorn-uvloop, bare app: good responses per second",
        "hypercorn-uvloop, bare app: seconds from the first connection to the last response",
    )
    assert shown(the_table("headline", count, report)) == [
        ("load", "direct h1", "direct h2"),
        ("counted", "0.100 ±10%", "0.100 ±10%"),
        ("counted-m5", "0.100 ±10%^", "0.100 ±10%"),
    ]
    assert shown(the_table("rate", count, report)) == [
        ("load", "direct h1", "direct h2"),
        ("counted", "1,000 ±11%", "1,000 ±11%"),
        ("counted-m5", "1,000 ±11%", "1,000 ±11%"),
    ]
    assert shown(the_table("headline", rate, report))[1:] == [("ceiling", "1,000 ±1.0%", "1,000 ±1.0%")]
    assert tables("rate", rate, report) == []


def test_with_a_second_server_each_load_has_its_own_tables_and_best(tmp_path: Path) -> None:
    report = the_report(tmp_path / "run", cell("granian-asgi", profile="counted"))
    found = groups(report.summary)
    assert [group.title for group in found] == [f"{load}, bare app" for load in LOADS]
    assert shown(the_table("headline", found[0], report)) == [
        ("server", "direct h1", "direct h2"),
        ("hypercorn-uvloop", "*0.100 ±10%*", "*0.100 ±10%*"),
        ("granian-asgi", "–", "*0.100 ±10%*"),
    ]


def test_the_title_says_that_closed_loop_times_measure_the_queue(tmp_path: Path) -> None:
    report = the_report(tmp_path / "run")
    table = the_table("latency", groups(report.summary)[1], report)
    assert table.title == "response time in ms in a closed loop, where it measures the queue: median/90 %/99 %"


def test_notes_mention_driver_limits_and_explain_best_only_for_several_servers(tmp_path: Path) -> None:
    lines = reading(the_report(tmp_path / "run"))
    assert not any(line.startswith("Bold") for line in lines)
    assert (
        "h2load sees no headers: the protocol of the hop to the app was checked with one request before and one after "
        "each load, not in every response."
    ) in lines
    assert any(line.startswith("^ pipelined: ") for line in lines)


def test_a_mixed_load_is_ranked_by_fast_p99_and_shows_the_slow_rate(tmp_path: Path) -> None:
    ways = (ClientProtocol.HTTP1, ClientProtocol.H2)
    cells = [
        cell(server, protocol=way, profile="mixed") for server in ("gunicorn-gthread", "granian-asgi") for way in ways
    ]
    behind = {"responses_in_window": 20, "slow_requests_per_second": 4.0, "bad_responses": {"slow: timed out": 2}}
    seen = [mixed(cells[0], 3.0), mixed(cells[1], 6000.0, **behind), mixed(cells[2], 4.0), mixed(cells[3], 5.0)]
    observations = [made for of, outcome in zip(cells, seen, strict=True) for made in rounds(of, outcome)]
    report = stored_report(tmp_path / "run", cells, (), observations)
    (group,) = groups(report.summary)
    headline, change = the_table("headline", group, report), the_table("change", group, report)
    assert (headline.title, shown(headline)) == (
        "p99 latency of the fast requests in ms, from the planned send time",
        [
            ("server", "direct h1", "direct h2"),
            ("granian-asgi", "4.00", "*5.00*"),
            ("gunicorn-gthread", "*3.00*", "6,000!<"),
        ],
    )
    assert shown(the_table("slow", group, report))[1:] == [
        ("granian-asgi", "16.0", "16.0"),
        ("gunicorn-gthread", "16.0", "4.00"),
    ]
    assert shown(the_table("latency", group, report))[1:] == [
        ("granian-asgi", "1.00/2.00/4.00", "1.00/2.00/5.00"),
        ("gunicorn-gthread", "1.00/2.00/3.00", "1.00/2.00/6,000"),
    ]
    assert change.title.startswith("change in p99 of the fast requests from direct h1")
    assert shown(change)[1:] == [("granian-asgi", "–", "+25%"), ("gunicorn-gthread", "–", "x2,000")]


def test_deployments_of_several_apps_share_one_table(tmp_path: Path) -> None:
    mine, other = cell(profile="page-24"), cell("granian-asgi", profile="page-24")
    other = replace(other, combination=replace(other.combination, app="another"))
    observations = [o for of, s in ((mine, 3.0), (other, 12.0)) for o in rounds(of, *(page(of, s),) * 3)]
    report = stored_report(tmp_path / "run", (mine, other), (), observations)

    (group,) = groups(report.summary, Rows.DEPLOYMENTS)

    assert group.title == "page-24"
    assert shown(the_table("headline", group, report)) == [
        ("deployment", "direct h2"),
        ("hypercorn-uvloop × bare (asgi)", "*3.00 ±0.0%*"),
        ("granian-asgi × another (asgi)", "12.0 ±0.0%"),
    ]
