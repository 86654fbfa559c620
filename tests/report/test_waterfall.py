"""Waterfalls of real visits: a panel per visit, a bar per request, the same bytes every time."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from support.made_run import cell, page, record, rounds
from topolab.errors import StoreError
from topolab.model.outcome import Failed, Observation, Stage
from topolab.model.profile import PageLoad
from topolab.model.protocol import ClientProtocol
from topolab.model.visit import Visit
from topolab.report import Report, read_report, write_files
from topolab.report.charts import picture
from topolab.report.visits import Shown
from topolab.report.waterfall import heading, titles, waterfall
from topolab.store import Store

CAPTURED = Path(__file__).parent / "visits"
H1 = cell(protocol=ClientProtocol.HTTP1, profile="page-24")
H2 = cell(protocol=ClientProtocol.H2, profile="page-24")


def captured(name: str) -> Visit:
    """A recorded visit of a real Chromium: the talk's page, 24 fetches of 3 s."""
    return TypeAdapter(Visit).validate_json((CAPTURED / f"{name}.json").read_bytes())


SHOWN = [
    Shown(H1.combination, captured("direct-h1"), "h1/visit.json", "h1/page.png"),
    Shown(H2.combination, captured("direct-h2"), "h2/visit.json", "h2/page.png"),
]


def bars(svg: bytes) -> list[str]:
    return re.findall(r'id="(request-\d+-\d+)"', svg.decode())


def test_a_title_has_the_time_the_connections_and_the_protocol() -> None:
    assert titles(SHOWN) == ["direct h1: 12.06 s, 6 connections, http/1.1", "direct h2: 3.07 s, 1 connection, h2"]
    assert heading(SHOWN) == "24 requests, 3 s each: hypercorn-uvloop, bare, Chromium 156"


def test_titles_have_what_differs_between_visits() -> None:
    other = replace(SHOWN[1], combination=replace(H2.combination, server="granian-asgi"))
    assert titles([SHOWN[0], other]) == [
        "direct h1 (hypercorn-uvloop): 12.06 s, 6 connections, http/1.1",
        "direct h2 (granian-asgi): 3.07 s, 1 connection, h2",
    ]
    copy = replace(SHOWN[1], combination=replace(H2.combination, replica=1))
    assert titles([SHOWN[1], copy])[1] == "direct h2 (+1): 3.07 s, 1 connection, h2"


def test_the_picture_has_every_title_and_a_bar_for_every_request() -> None:
    svg = picture(waterfall(SHOWN), "svg")
    texts = {element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314
    assert {*titles(SHOWN), heading(SHOWN), "seconds since the button was pressed"} <= texts
    assert sorted(bars(svg)) == sorted(f"request-{panel}-{number}" for panel in (0, 1) for number in range(24))


def test_bars_show_wait_and_request_times_and_colours_show_connections() -> None:
    first, second = waterfall(SHOWN).axes[:2]
    drawn = {bar.get_gid(): bar for bar in first.patches}
    for fetch in SHOWN[0].visit.fetches:
        waiting, under_way = drawn[f"queue-0-{fetch.number}"], drawn[f"request-0-{fetch.number}"]
        assert (waiting.get_x(), under_way.get_x()) == (fetch.queued_ms / 1000, fetch.start_ms / 1000)
        assert under_way.get_x() + under_way.get_width() == pytest.approx(fetch.end_ms / 1000)
    colours = {bar.get_facecolor() for bar in first.patches if bar.get_gid().startswith("request")}
    assert len(colours) == 6
    assert len({bar.get_facecolor() for bar in second.patches if bar.get_gid().startswith("request")}) == 1
    assert first.get_xlim() == second.get_xlim()


def test_a_failed_request_looks_different() -> None:
    visit = SHOWN[1].visit
    failed = replace(visit.fetches[3], fault="status 500")
    spoilt = replace(visit, fetches=(*visit.fetches[:3], failed, *visit.fetches[4:]))
    drawn = waterfall([replace(SHOWN[1], visit=spoilt)])
    assert [bar.get_gid() for bar in drawn.axes[0].patches if bar.get_hatch()] == ["request-0-3"]
    assert "failed" in {text.get_text() for text in drawn.legends[0].get_texts()}


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 13])
def test_every_visit_has_its_own_panel(count: int) -> None:
    drawn = waterfall([SHOWN[i % 2] for i in range(count)])
    assert sum(bool(axes.patches) for axes in drawn.axes) == count


@pytest.mark.parametrize(("kind", "beginning"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_the_same_visits_give_the_same_bytes(kind: str, beginning: bytes) -> None:
    first, second = (picture(waterfall(SHOWN), kind) for _ in range(2))
    assert first.startswith(beginning)
    assert first == second


def visited(of: Observation, folder: Path, visit: Visit) -> Observation:
    """The observation, with that visit's file stored in the run."""
    paths = tuple(f"raw/{of.cell_id}/round-{of.round}/{name}" for name in ("page.png", "visit.json"))
    (folder / paths[1]).parent.mkdir(parents=True, exist_ok=True)
    (folder / paths[1]).write_bytes(TypeAdapter(Visit).dump_json(visit))
    return replace(of, files=paths)


def stored(folder: Path, **changes: Any) -> Report:
    """A run with three rounds of H1 with different times, and of H2 that failed, with all visits."""
    profile = record([]).profiles["page-24"]
    assert isinstance(profile, PageLoad)
    made = replace(record([H1, H2]), profiles={"page-24": replace(profile, driver="browser")}, **changes)
    visits = [replace(captured("direct-h1"), total_ms=total) for total in (12300.0, 12100.0, 12200.0)]
    good = rounds(H1, *(page(H1, visit.total_ms / 1000) for visit in visits))
    bad = rounds(H2, Failed(Stage.LOAD, "the page was not completed: 1 status 500"))
    with Store.create(folder, made) as store:
        for of, visit in zip([*good, *bad], [*visits, captured("direct-h2")], strict=True):
            store.add(visited(of, folder, visit))
    with Store.open(folder) as store:
        return read_report(store)


def test_each_page_of_a_run_is_drawn_from_its_median_visit(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    written = write_files(stored(folder), folder)
    assert written == ["report.md", "results.csv", "results.json", "waterfall.png", "waterfall.svg", "page.json"]
    good, bad = json.loads((folder / "page.json").read_text())["cells"]
    assert {key: good[key] for key in ("id", "status", "total_seconds", "connections", "protocols")} == {
        "id": H1.id, "status": "measured", "total_seconds": 12.2, "connections": 6, "protocols": ["http/1.1"],
    }  # fmt: skip
    assert good["visit"] == f"raw/{H1.id}/round-3/visit.json"
    assert good["screenshot"] == f"raw/{H1.id}/round-3/page.png"
    assert [request["number"] for request in good["requests"]] == list(range(24))
    assert bad == {
        "id": H2.id, "topology": "direct", "client_protocol": "h2", "status": "failed",
        "reason": "load: the page was not completed: 1 status 500",
    }  # fmt: skip
    svg = (folder / "waterfall.svg").read_bytes()
    assert b"direct h1: 12.20 s, 6 connections, http/1.1" in svg
    assert len(bars(svg)) == 24


def test_a_run_that_recorded_no_drivers_has_the_same_pages(tmp_path: Path) -> None:
    for name, changes in (("new", {}), ("old", {"drivers": {}})):
        write_files(stored(tmp_path / name, **changes), tmp_path / name)
    assert (tmp_path / "old" / "page.json").read_text() == (tmp_path / "new" / "page.json").read_text()


def test_a_run_whose_every_visit_failed_lists_them_by_what_it_recorded_of_the_driver(tmp_path: Path) -> None:
    report = replace(stored(tmp_path / "run"), observations=())
    assert report.visited == {"page-24"}
    assert replace(report, record=replace(report.record, drivers={})).visited == frozenset()


def test_a_damaged_visit_is_reported_with_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    report = stored(folder)
    (folder / f"raw/{H1.id}/round-2/visit.json").write_text("spam")
    with pytest.raises(StoreError, match=r"round-2/visit\.json: cannot be read as a visit: "):
        write_files(report, folder)


def test_a_run_without_a_browser_has_no_pages(report: Report, tmp_path: Path) -> None:
    assert write_files(report, tmp_path) == ["report.md", "results.csv", "results.json"]
