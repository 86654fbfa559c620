"""Lines from a pipe: never waited for beyond a deadline."""

from __future__ import annotations

import os
import select
import time

_READ_BYTES = 65_536


class LostError(Exception):
    """The other side is gone or too late; the text goes on from its name, as in "the load worker ended by itself"."""


class LineReader:
    """A descriptor's bytes, a line at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._unread = b""

    def line(self, deadline: float) -> str:
        """The next line without its end, waited for until `deadline` on the monotonic clock. Raises `LostError`."""
        while b"\n" not in self._unread:
            readable, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                raise LostError("did not end in time")
            received = os.read(self._descriptor, _READ_BYTES)
            if not received:
                raise LostError("ended by itself")
            self._unread += received
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode("utf-8", "replace")
