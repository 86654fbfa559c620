"""Types for argparse: numbers that are refused outside their limits."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

_LONGEST_SHOWN = 20
"""How many characters of a refused number a message shows."""


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a type that takes whole numbers from `least` to `most`, or without an upper limit."""
    wanted = f"a whole number from {least} to {most}" if most is not None else f"a whole number, at least {least}"

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:  # also raised for thousands of digits
            number = least - 1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"must be {wanted}, not {_shown(text)}")
        return number

    return parse


positive = whole_number(1)
port_number = whole_number(1, 65_535)


def positive_seconds(text: str) -> float:
    """A time in seconds above 0."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {_shown(text)}")
    return seconds


def _shown(text: str) -> str:
    return f"{text[:_LONGEST_SHOWN]!r}" + ("..." if len(text) > _LONGEST_SHOWN else "")
