"""The two consoles: results on standard output, everything else on standard error. NO_COLOR is left to rich.

Neither reads markup: a name in brackets, such as an extra, is text.
"""

from __future__ import annotations

import os

from rich.console import Console

_FILE_WIDTH = 120
_NARROWEST = 20


def to_stdout() -> Console:
    """As wide as the terminal, or as `COLUMNS` says; into files and pipes wide enough for a table."""
    console = Console(markup=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        return Console(width=_FILE_WIDTH, markup=False)
    return Console(width=max(console.width, _NARROWEST), markup=False)


def to_stderr() -> Console:
    """For progress and notices: plain text, nothing highlighted."""
    return Console(stderr=True, highlight=False, markup=False)


class Notices:
    """What is said on standard error; nothing where the user wants quiet, except what must be said."""

    def __init__(self, quiet: bool) -> None:
        self.console = to_stderr()
        self._quiet = quiet

    def say(self, text: str) -> None:
        """A line, unless quiet."""
        if not self._quiet:
            self.insist(text)

    def insist(self, text: str) -> None:
        """A line, whatever the user wants: something is lost, or is to be done."""
        self.console.print(text, soft_wrap=True)
