"""Reads the visits of a waterfall back from its SVG, for a run that is stored without its `visit.json` files."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from topolab.model.outcome import Measured
from topolab.model.visit import Fetch, Visit
from topolab.report import Report
from topolab.report.visits import Shown

_SVG = "{http://www.w3.org/2000/svg}"
_TICK_MS = 2000.0
_REQUESTS = 24


def drawn_visits(svg: Path, report: Report) -> list[Shown]:
    """The visits of the panels: times and connections from the bars, totals and protocols from the stored median round.

    Chromium gives times in tenths of a millisecond, so rounding to these gives back exactly what was drawn.
    """
    picture = ElementTree.fromstring(svg.read_bytes())  # noqa: S314  a file of this repository
    groups = {group.get("id", ""): group for group in picture.iter(f"{_SVG}g")}
    return list(_visits(groups, report))


def _visits(groups: dict[str, ElementTree.Element], report: Report) -> Iterator[Shown]:
    for panel, cell in enumerate(report.record.plan.cells):
        outcomes = [o.outcome for o in report.observations if o.cell_id == cell.id]
        rounds = [outcome.measurement for outcome in outcomes if isinstance(outcome, Measured)]
        median = sorted(rounds, key=lambda m: m.seconds)[(len(rounds) - 1) // 2]
        (protocol,) = median.client_protocols
        ticks = [
            _span(group)[0] for group in groups[f"axes_{panel + 1}"].iter(f"{_SVG}g") if _is_tick(group.get("id", ""))
        ]
        points_per_ms = (ticks[-1] - ticks[0]) / (len(ticks) - 1) / _TICK_MS
        colours: dict[str, int] = {}
        fetches = []
        for number in range(_REQUESTS):
            queue, request = groups[f"queue-{panel}-{number}"], groups[f"request-{panel}-{number}"]
            at = (_span(queue)[0], *_span(request))
            queued_ms, start_ms, end_ms = (round((x - ticks[0]) / points_per_ms, 1) for x in at)
            fetches.append(
                Fetch(
                    number=number, url="", queued_ms=queued_ms, start_ms=start_ms, end_ms=end_ms, status=200,
                    protocol=protocol, connection=colours.setdefault(_colour(request), len(colours)),
                    connection_reused=False, origin_http_version="", origin_peer="", fault="",
                )
            )  # fmt: skip
        visit = Visit(
            url="?delay=3", total_ms=median.seconds * 1000, finished=True, http2_switched_off=False, chromium="156",
            playwright="", user_agent="", flags=(), fetches=tuple(fetches),
        )  # fmt: skip
        yield Shown(cell.combination, visit, "", "")


def _is_tick(name: str) -> bool:
    return name.startswith("xtick_")


def _path(group: ElementTree.Element) -> ElementTree.Element:
    found = group.find(f".//{_SVG}path")
    assert found is not None
    return found


def _span(group: ElementTree.Element) -> tuple[float, float]:
    """Where the group's first path begins and ends on the time axis, in points."""
    across = [float(x) for x in re.findall(r"[ML] (\S+)", _path(group).get("d", ""))]
    return min(across), max(across)


def _colour(group: ElementTree.Element) -> str:
    return _path(group).get("style", "").partition("fill: ")[2].partition(";")[0]
