"""Handles Ctrl-C and SIGTERM: the first ends the run, and later ones do not disturb the cleanup."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from topolab.process.uninterrupted import interrupt as raise_interrupt

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def first_signal_interrupts() -> Iterator[None]:
    """Inside the block, the first of the signals raises `KeyboardInterrupt`; later ones are ignored."""
    raised = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal raised
        if not raised:
            raised = True
            raise_interrupt()

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
