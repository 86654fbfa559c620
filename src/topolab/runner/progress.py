"""Shows progress on standard error: updated in place on a terminal, otherwise an occasional line."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from topolab.model.cell import Cell

_QUIET_S = 10.0


class Progress(Protocol):
    """Called before each observation; `remaining_s` is the estimate for it and all that follow."""

    def __enter__(self) -> Progress:
        """Start showing progress."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and leave the terminal clean."""

    def step(self, cell: Cell, round_number: int, done: int, total: int, remaining_s: float) -> None:
        """Show what is measured next."""


class ConsoleProgress:
    """Progress on a rich console; shows nothing if `quiet`."""

    def __init__(self, console: Console, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        shown = console.is_terminal and not quiet
        # Draw once per step: a thread that redraws would take CPU time from what is measured.
        self._live = Live(console=console, transient=True, auto_refresh=False) if shown else None
        self._last_line: float | None = None

    def __enter__(self) -> ConsoleProgress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def step(self, cell: Cell, round_number: int, done: int, total: int, remaining_s: float) -> None:
        """Show what is measured next."""
        minutes, seconds = divmod(round(remaining_s), 60)
        text = Text(
            f"[{done + 1}/{total}] round {round_number}, {minutes}:{seconds:02d} left: {cell.id}", overflow="ellipsis"
        )
        now = time.monotonic()
        if self._live:
            self._live.update(text, refresh=True)
        elif not self._quiet and (self._last_line is None or now - self._last_line >= _QUIET_S):
            self._console.print(text, soft_wrap=True)
            self._last_line = now
