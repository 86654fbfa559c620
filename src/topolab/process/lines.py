"""Reads lines from a pipe, waiting no longer than a deadline."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

_READ_BYTES = 65_536
_MEANWHILE_S = 1.0


def nothing() -> None:
    """Do nothing while a line is awaited."""


class LostError(Exception):
    """The other side is gone or too late. The text continues its name, as in "the load worker ended by itself"."""


class LineReader:
    """Reads a descriptor line by line."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._unread = bytearray()

    def line(self, deadline: float, meanwhile: Callable[[], None] = nothing) -> str:
        """Wait for the next line until `deadline`, on the monotonic clock; return it without its newline.

        After the deadline, bytes that have already arrived are still read, but only once. `meanwhile` is called after
        each second without input. Raises `LostError`.
        """
        searched, late = 0, False
        while (end := self._unread.find(b"\n", searched)) < 0:
            searched = len(self._unread)
            left_s = deadline - time.monotonic()
            if late or not self._readable(deadline, meanwhile):
                raise LostError("did not end in time")
            late = left_s <= 0
            received = os.read(self._descriptor, _READ_BYTES)
            if not received:
                raise LostError("ended by itself")
            self._unread += received
        line = self._unread[:end].decode("utf-8", "replace")
        del self._unread[: end + 1]
        return line

    def _readable(self, deadline: float, meanwhile: Callable[[], None]) -> bool:
        while True:
            left_s = max(0.0, deadline - time.monotonic())
            if select.select([self._descriptor], [], [], min(left_s, _MEANWHILE_S))[0]:
                return True
            if left_s <= _MEANWHILE_S:
                return False
            meanwhile()

    @property
    def rest(self) -> str:
        """What was read after the last complete line."""
        return self._unread.decode("utf-8", "replace")
