"""Bar charts of a group of cells: the columns of a row side by side, each with its interval. Pure."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from topolab.report.format import significant
from topolab.report.grouping import Group
from topolab.stats.estimate import Estimate
from topolab.stats.figures import Figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

_COLOURS = ("#7a8b99", "#2f7f86", "#c9733d", "#6b5b95", "#a8a13b", "#b04a5a", "#4a6fb0", "#7fb069")
_BAR_INCHES = 0.34
_ENDS_BEYOND = 1.14
"""How long the axis is, in longest bars: room for the number at the end."""
_LOGARITHMIC_FROM = 50
"""Latencies that are this many times apart are drawn on a logarithmic axis."""


def bar_chart(group: Group, shown: Figure) -> Drawing:
    """A bar for each column of every row, with the median at its end. A cell without the figure has no bar."""
    from matplotlib.figure import Figure as Drawing

    bars = len(group.rows) * (len(group.columns) + 0.8)
    drawn = Drawing(figsize=(8.0, 1.1 + bars * _BAR_INCHES), layout="constrained")
    axes = drawn.add_subplot()
    height = 1 / (len(group.columns) + 0.8)
    longest, shortest = 0.0, float("inf")
    for index, column in enumerate(group.columns):
        at, estimates = _column(group, column, shown.name, index * height)
        middle = [estimate.median for estimate in estimates]
        reach = [[e.median - e.low for e in estimates], [e.high - e.median for e in estimates]]
        label = " ".join(column)
        axes.barh(at, middle, height * 0.92, xerr=reach, color=_COLOURS[index % len(_COLOURS)], label=label, **_LINES)
        for y, estimate in zip(at, estimates, strict=True):
            axes.annotate(
                significant(estimate.median),
                (estimate.high, y),
                (4, 0),
                textcoords="offset points",
                va="center",
                size=8,
            )
        longest = max([longest, *(estimate.high for estimate in estimates)])
        shortest = min([shortest, *(estimate.low for estimate in estimates)])
    axes.set_yticks([row + height * (len(group.columns) - 1) / 2 for row in range(len(group.rows))], group.rows)
    axes.invert_yaxis()
    if shown.unit == "ms" and longest > _LOGARITHMIC_FROM * shortest > 0:
        axes.set_xscale("log")
        axes.set_xlim(shortest / 2, longest * _ENDS_BEYOND**10)
    else:
        axes.set_xlim(0, longest * _ENDS_BEYOND or 1)
    axes.set_title(shown.title, loc="left", size=10)
    drawn.legend(frameon=False, fontsize=8, loc="outside lower right", ncols=len(group.columns))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    return drawn


def picture(drawn: Drawing, kind: str) -> bytes:
    """The figure as `svg` or `png`; the same figure gives the same bytes."""
    import matplotlib as mpl

    written = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "topolab", "svg.fonttype": "none"}):
        drawn.savefig(written, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return written.getvalue()


_LINES: dict[str, Any] = {"error_kw": {"ecolor": "#222222", "elinewidth": 0.9, "capsize": 2}}


def _column(group: Group, column: tuple[str, str], figure: str, offset: float) -> tuple[list[float], list[Estimate]]:
    """The positions of a column's bars, and their estimates."""
    at, estimates = [], []
    for row, name in enumerate(group.rows):
        cell = group.cells.get((name, column))
        estimate = cell.estimates.get(figure) if cell else None
        if estimate is not None:
            at.append(row + offset)
            estimates.append(estimate)
    return at, estimates
