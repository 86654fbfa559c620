"""Lines to and from a process that was started with pipes: never waited for beyond a deadline."""

from __future__ import annotations

import os
import select
import time

from topolab.process.group import ProcessGroup

_READ_BYTES = 65_536


class LostError(Exception):
    """The other side is gone or too late; the text goes on from its name, as in "the load worker ended by itself"."""


class Conversation:
    """One process's standard input and output, a line at a time."""

    def __init__(self, group: ProcessGroup) -> None:
        self.group = group
        self._unread = b""

    def say(self, line: str) -> None:
        """Write `line`, which brings its own end. Raises `LostError`."""
        if self.group.leader.stdin is None:
            raise LostError("has no standard input")
        try:
            self.group.leader.stdin.write(line.encode())
            self.group.leader.stdin.flush()
        except BrokenPipeError:
            raise LostError("ended by itself") from None

    def hear(self, deadline: float) -> str:
        """The next line, waited for until `deadline` on the monotonic clock. Raises `LostError`."""
        if self.group.leader.stdout is None:
            raise LostError("has no standard output")
        descriptor = self.group.leader.stdout.fileno()
        while b"\n" not in self._unread:
            readable, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                raise LostError("did not end in time")
            received = os.read(descriptor, _READ_BYTES)
            if not received:
                raise LostError("ended by itself")
            self._unread += received
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode("utf-8", "replace")
