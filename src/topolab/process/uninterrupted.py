"""Defers interrupts during short critical sections, for a few milliseconds.

Otherwise an interrupt right after a process was started, but before it was recorded, would leave it running.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class _State:
    depth: int = 0
    due: bool = False


_state = _State()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Defer `interrupt` inside the block; if one came, raise `KeyboardInterrupt` at its end. For the main thread."""
    _state.depth += 1
    try:
        yield
    finally:
        _state.depth -= 1
        if _state.due and not _state.depth:
            _state.due = False
            raise KeyboardInterrupt


def interrupt() -> None:
    """Raise `KeyboardInterrupt`, now or at the end of an `uninterrupted` block. For signal handlers to call."""
    if _state.depth:
        _state.due = True
        return
    raise KeyboardInterrupt
