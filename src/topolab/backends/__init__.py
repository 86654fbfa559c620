"""Where stacks live. A backend turns a cell into a running stack, and back into nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from topolab.model.cell import Cell
from topolab.model.load import Target
from topolab.model.outcome import GroupUsage

__all__ = ["Backend", "Stack"]


class Stack(Protocol):
    """A cell's server, and proxy where it has one, up and answering."""

    @property
    def edge(self) -> Target:
        """Where the client sends its requests."""

    @property
    def server_start_s(self) -> float:
        """Seconds from the server's start to its first answer: its own time, not the lab's."""

    @property
    def argv(self) -> Mapping[str, tuple[str, ...]]:
        """The exact command line of each part, by `server` and `proxy`."""

    def server_usage(self) -> GroupUsage | None:
        """What the server's processes have used so far; None where the system does not tell."""

    def proxy_usage(self) -> GroupUsage | None:
        """The same for the proxy; None without one."""

    def log_tail(self) -> str:
        """The end of what server and proxy wrote."""

    def trouble(self) -> str:
        """Which part has ended by itself, in a sentence; empty while all run."""


class Backend(Protocol):
    """Makes stacks. A context manager: leaving it leaves nothing running."""

    @property
    def name(self) -> str:
        """`local` or `docker`."""

    def stack(self, cell: Cell) -> AbstractContextManager[Stack]:
        """The cell's stack, fresh, up and answering. Raises `StageError` where that does not come about."""
