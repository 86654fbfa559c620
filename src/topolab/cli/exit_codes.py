"""The meaning of exit codes."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The outcomes that a calling script can distinguish."""

    MEASURED = 0
    FAILED = 1
    BAD_INPUT = 2
    NOTHING_SELECTED = 3
    NOT_WRITTEN = 4
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141
    """As a shell reports a program that SIGPIPE ended, which is how other tools end then."""
