"""What the exit code says."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The outcomes a script that calls the lab can tell apart."""

    MEASURED = 0
    FAILED = 1
    BAD_INPUT = 2
    NOTHING_SELECTED = 3
    INTERRUPTED = 130
