"""Exchanges lines with a process that was started with pipes; every wait has a deadline."""

from __future__ import annotations

from collections.abc import Callable

from topolab.process.group import ProcessGroup
from topolab.process.lines import LineReader, LostError, nothing

__all__ = ["Conversation", "LostError"]


class Conversation:
    """A process's standard input and output, line by line."""

    def __init__(self, group: ProcessGroup) -> None:
        self.group = group
        self._reader = LineReader(group.leader.stdout.fileno()) if group.leader.stdout else None

    def say(self, line: str) -> None:
        """Write `line`, which includes its newline. Raises `LostError`."""
        if self.group.leader.stdin is None or self.group.leader.stdin.closed:
            raise LostError("has no standard input")
        try:
            self.group.leader.stdin.write(line.encode())
            self.group.leader.stdin.flush()
        except BrokenPipeError:
            raise LostError("ended by itself") from None

    def hear(self, deadline: float, meanwhile: Callable[[], None] = nothing) -> str:
        """Wait for the next line until `deadline`, on the monotonic clock. Raises `LostError`.

        `meanwhile` is called after each second of silence.
        """
        if self._reader is None:
            raise LostError("has no standard output")
        return self._reader.line(deadline, meanwhile)
