"""The two consoles: results go to standard output, everything else to standard error. rich handles NO_COLOR.

Neither interprets markup: a name in brackets, such as an extra, is text.
"""

from __future__ import annotations

import json
import os
import sys

from rich.console import Console

_FILE_WIDTH = 120
_NARROWEST = 20


def to_stdout() -> Console:
    """As wide as the terminal or `COLUMNS`; for files and pipes, wide enough for a table."""
    console = Console(markup=False)
    if not console.is_terminal and os.environ.get("COLUMNS", "0") == "0":
        return Console(width=_FILE_WIDTH, markup=False)
    return Console(width=max(console.width, _NARROWEST), markup=False)


def to_stderr() -> Console:
    """For progress and notices: plain text without highlighting."""
    return Console(stderr=True, highlight=False, markup=False)


def write_json(document: str) -> None:
    """Write a JSON document to standard output, with escapes if its encoding lacks a character.

    A replacement would change a value.
    """
    try:
        document.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        document = json.dumps(json.loads(document), indent=2) + "\n"
    sys.stdout.write(document)


def write_as_json(document: object) -> None:
    """Write plain lists and dicts to standard output, formatted like results.json."""
    write_json(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


class Notices:
    """Messages on standard error; with --quiet, only those that must not be suppressed."""

    def __init__(self, quiet: bool) -> None:
        self.console = to_stderr()
        self._quiet = quiet

    def say(self, text: str) -> None:
        """Print a line, unless quiet."""
        if not self._quiet:
            self.insist(text)

    def insist(self, text: str) -> None:
        """Print a line even if quiet: something was lost, or the user has to act."""
        self.console.print(text, soft_wrap=True)
