"""The two outputs: results on standard output, everything else on standard error. NO_COLOR is rich's to respect.

Neither reads markup: a name in brackets, as of an extra, is text.
"""

from __future__ import annotations

import os

from rich.console import Console

_FILE_WIDTH = 120


def to_stdout() -> Console:
    """As wide as the terminal, or as `COLUMNS` says; into files and pipes wide enough for a table."""
    narrow = Console(markup=False)
    return narrow if narrow.is_terminal or "COLUMNS" in os.environ else Console(width=_FILE_WIDTH, markup=False)


def to_stderr() -> Console:
    """For progress and notices: plain text, nothing highlighted."""
    return Console(stderr=True, highlight=False, markup=False)
