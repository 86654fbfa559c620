"""How numbers, hops and times are written."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, log10

from topolab.model.outcome import SeenHop
from topolab.stats.estimate import Estimate
from topolab.stats.figures import Figure

NOTHING = "–"


def significant(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, from 10,000 in thousands (k) or millions (M): 12345 is 12.3k."""
    if value == 0:
        return "0"
    decimals = digits - 1 - floor(log10(abs(value)))
    rounded = round(value, decimals)
    decimals = max(0, digits - 1 - floor(log10(abs(rounded))))  # rounding may have gained a digit
    for least, divisor, letter in ((10_000_000, 1_000_000, "M"), (10_000, 1_000, "k")):
        if abs(rounded) >= least:
            return significant(rounded / divisor, digits) + letter
    return f"{round(value, decimals):,.{decimals}f}"


def with_spread(estimate: Estimate) -> str:
    """The median, and how far the interval reaches from it in per cent, unless there is a single sample."""
    text = significant(estimate.median)
    if len(estimate.samples) < 2 or not estimate.median:
        return text
    reach = max(estimate.high - estimate.median, estimate.median - estimate.low) / abs(estimate.median)
    return f"{text} ±{percent(reach)}"


def quantity(figure: Figure, estimate: Estimate | None) -> str:
    """A figure with its unit and spread: `1,000/s ±1.0%`, `3.20 s`."""
    if estimate is None:
        return NOTHING
    number, _, spread = with_spread(estimate).partition(" ")
    space = "" if figure.unit.startswith("/") else " "
    return f"{number}{space}{figure.unit} {spread}".rstrip()


def tabulated(figure: Figure, estimate: Estimate) -> str:
    """The median as tables write it, whose titles name the unit; memory is in MiB."""
    return mebibytes(estimate.median) if figure.unit == "bytes" else significant(estimate.median)


def percent(fraction: float) -> str:
    """A fraction in per cent: whole from 10 %, else with one digit. What is not zero is not written as zero."""
    value = 100 * fraction
    if 0 < value < 0.05:
        return "<0.1%"
    return f"{value:.0f}%" if value >= 9.95 else f"{value:.1f}%"


def change(ratio: float) -> str:
    """A ratio as a change: 0.72 is -28%. From tenfold on as a factor: 2800 is x2,800."""
    return f"x{significant(ratio)}" if ratio >= 10 else f"{round(100 * (ratio - 1)):+d}%"


def counted(count: int, noun: str) -> str:
    """A number of things, such as "1 cell" and "2 cells"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def duration(seconds: float) -> str:
    """Seconds below two minutes, then minutes and seconds, then hours and minutes."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def mebibytes(number: float) -> str:
    """Bytes as MiB."""
    return f"{number / 2**20:.0f} MiB"


def hops(seen: Iterable[SeenHop]) -> str:
    """The chain of hops as it was seen: client -h2 tls x4-> proxy -http/1.1 x32-> server."""
    text = ""
    for hop in seen:
        carrier = " tls" if hop.tls else ""
        count = "?" if hop.connections is None else str(hop.connections)
        text += f"{'' if text else hop.source} -{hop.protocol}{carrier} x{count}-> {hop.target}"
    return text


def span(values: Iterable[int | None]) -> str:
    """The least and greatest of some counts; a question mark if none is known."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return "?"
    return f"{known[0]:,}" if known[0] == known[-1] else f"{known[0]:,}–{known[-1]:,}"
