"""Short stretches that an interrupt must not tear: it waits for their end, a few milliseconds.

A process that has been started but not yet written down would otherwise be left when the interrupt comes in between.
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
    """Hold `interrupt` back inside; where one came, leaving raises `KeyboardInterrupt`. For the main thread."""
    _state.depth += 1
    try:
        yield
    finally:
        _state.depth -= 1
        if _state.due and not _state.depth:
            _state.due = False
            raise KeyboardInterrupt


def interrupt() -> None:
    """What a signal handler calls: raises `KeyboardInterrupt`, now or at the end of the stretch it came in."""
    if _state.depth:
        _state.due = True
        return
    raise KeyboardInterrupt
