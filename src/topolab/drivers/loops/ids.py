"""Request ids that no server can guess or remember, each used once: its answer must be the one for that id."""

from __future__ import annotations

import secrets
from collections.abc import Callable

_MASK = (1 << 64) - 1
_STRIDE = 0x9E3779B97F4A7C15  # odd, so that 2^64 numbers come before an id repeats
PLACEHOLDER = "{i}"
"""What stands for a request's id in a profile's path and body."""

Filled = Callable[[int], str]
"""Gives a text with the id of the request of that number."""


class Ids:
    """The ids of one load, by the requests' numbers; all have 16 characters."""

    def __init__(self) -> None:
        self._first = secrets.randbits(64)

    def filler(self, text: str) -> Filled:
        """Return what puts an id into `text`; a text without the placeholder stays as it is."""
        before, found, after = text.partition(PLACEHOLDER)
        first = self._first
        if not found:
            return lambda number: text  # noqa: ARG005
        if PLACEHOLDER in after:
            return lambda number: text.replace(PLACEHOLDER, f"{(first + number * _STRIDE) & _MASK:016x}")
        return lambda number: f"{before}{(first + number * _STRIDE) & _MASK:016x}{after}"
