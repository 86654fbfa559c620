"""The waterfalls of all visits side by side: a panel for each, a bar for each request, one time axis. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from topolab.model.combination import DIMENSIONS, PROTOCOL, TOPOLOGY
from topolab.model.visit import Visit
from topolab.report.visits import Shown

if TYPE_CHECKING:  # what it brings in takes half a second
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SLIDE_INCHES = (16.0, 9.0)
_ROWS_A_SLIDE = 170
"""How many rows fit on a slide, over all panels in a column. With more the picture grows."""
# Distinct without red or green vision (Okabe and Ito, 2002, without black and yellow), and on grey paper.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_FAILED = "#b3261e"
_INK, _SOFT, _LINE = "#1d1d1f", "#6b6b70", "#d9d9de"
_WAITING_ALPHA = 0.22
_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": _INK,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _SOFT,
    "xtick.color": _SOFT,
}


def waterfall(shown: Sequence[Shown]) -> Figure:
    """The drawing of at least one visit."""
    from matplotlib import rc_context

    with rc_context(_STYLE):  # whatever the user's own settings are
        return _figure(shown)


def heading(shown: Sequence[Shown]) -> str:
    """What all visits have in common: `24 requests, 3 s each: SERVER, fastapi, Chromium 156`."""
    counts = sorted({len(visit.visit.fetches) for visit in shown})
    delays = {parse_qs(urlsplit(visit.visit.url).query)["delay"][0] for visit in shown}
    each = f", {delays.pop()} s each" if len(delays) == 1 else ""
    what = [" and ".join(sorted({visit.combination.server for visit in shown}))]
    what.append(" and ".join(sorted({visit.combination.app for visit in shown})))
    what.append(f"Chromium {shown[0].visit.chromium.partition('.')[0]}")
    return f"{' and '.join(map(str, counts))} requests{each}: {', '.join(what)}"


def titles(shown: Sequence[Shown]) -> list[str]:
    """The title of each panel: what differs between the visits, then `12.05 s, 6 connections, http/1.1`."""
    others = [dimension for dimension in DIMENSIONS.values() if dimension not in (TOPOLOGY, PROTOCOL)]
    names = [
        (*(dimension.in_id(c) for dimension in others), f"+{c.replica}" if c.replica else "")
        for c in (visit.combination for visit in shown)
    ]
    differing = [index for index, values in enumerate(zip(*names, strict=True)) if len(set(values)) > 1]
    found = []
    for visit, name in zip(shown, names, strict=True):
        where = f"{TOPOLOGY.label(visit.combination)} {PROTOCOL.label(visit.combination)}"
        more = " ".join(name[index] for index in differing if name[index])
        found.append(f"{where}{f' ({more})' if more else ''}: {result(visit.visit)}")
    return found


def result(visit: Visit) -> str:
    """The outcome of a visit, in a line."""
    count = visit.connections
    protocols = " and ".join(visit.protocols) or "no protocol"
    return f"{visit.total_ms / 1000:.2f} s, {count} connection{'' if count == 1 else 's'}, {protocols}"


def _figure(shown: Sequence[Shown]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.patches import Patch

    columns = _columns(len(shown))
    lines = ceil(len(shown) / columns)
    rows = lines * max(len(visit.visit.fetches) for visit in shown)
    width, height = _SLIDE_INCHES
    padding = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12, hspace=0.04, wspace=0.03)
    figure = Figure(figsize=(width, height * max(1.0, rows / _ROWS_A_SLIDE)), layout=padding)
    figure.suptitle(heading(shown), fontsize=19, fontweight="bold", x=0.012, ha="left")
    panels = figure.subplots(lines, columns, squeeze=False, sharex=True)
    longest_s = max(visit.visit.total_ms for visit in shown) / 1000
    for index, (visit, title) in enumerate(zip(shown, titles(shown), strict=True)):
        panel = panels[index // columns][index % columns]
        # A third of a slide is too narrow for a title on one line.
        _panel(panel, index, visit.visit, title.replace(": ", ":\n", 1) if columns > 2 else title)
        panel.set_xlim(0, longest_s * 1.02)
        if index + columns >= len(shown):  # nothing below it
            panel.tick_params(labelbottom=True)
            panel.set_xlabel("seconds since the button was pressed")
    for index in range(len(shown), lines * columns):
        panels[index // columns][index % columns].set_axis_off()
    legend = [
        Patch(facecolor=_SOFT, alpha=_WAITING_ALPHA, label="in the browser's queue"),
        Patch(facecolor=_SOFT, label="in progress, one colour per connection"),
    ]
    if any(fetch.fault for visit in shown for fetch in visit.visit.fetches):
        legend.append(Patch(facecolor=_FAILED, hatch="///", label="failed"))
    figure.legend(handles=legend, loc="outside lower center", ncols=len(legend), frameon=False, fontsize=12)
    return figure


def _columns(count: int) -> int:
    if count <= 3:
        return count
    return 2 if count == 4 else 3 if count in (5, 6, 9) else 4


def _panel(panel: Axes, index: int, visit: Visit, title: str) -> None:
    panel.set_title(title, loc="left", fontsize=13, fontweight="bold", color=_INK)
    connections = sorted({fetch.connection for fetch in visit.fetches if fetch.connection is not None})
    colours = {connection: _COLOURS[i % len(_COLOURS)] for i, connection in enumerate(connections)}
    for row, fetch in enumerate(visit.fetches):
        colour = colours.get(fetch.connection, _FAILED) if fetch.connection is not None else _FAILED
        queued, start, end = (value / 1000 for value in (fetch.queued_ms, fetch.start_ms, fetch.end_ms))
        (waiting,) = panel.barh(row, start - queued, left=queued, height=0.78, color=colour, alpha=_WAITING_ALPHA)
        look: dict[str, Any] = {"color": colour}
        if fetch.fault:
            look = {"facecolor": "white", "edgecolor": _FAILED, "hatch": "///", "linewidth": 0.8}
        (bar,) = panel.barh(row, end - start, left=start, height=0.78, **look)
        waiting.set_gid(f"queue-{index}-{fetch.number}")
        bar.set_gid(f"request-{index}-{fetch.number}")
    panel.set_ylim(len(visit.fetches) - 0.4, -0.6)
    panel.set_yticks([])
    panel.grid(axis="x", color=_LINE, linewidth=0.8)
    panel.set_axisbelow(True)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
    panel.tick_params(axis="x", length=0)
