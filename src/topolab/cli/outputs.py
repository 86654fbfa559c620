"""Makes standard output and standard error safe: no character and no full disk ends in a traceback.

Characters that an encoding lacks are replaced. A full disk raises `OutputError` on standard output and is ignored on
standard error, which has only notices. A reader that is gone, as in `| head -1`, raises `OutputClosedError` on both.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from topolab.errors import OutputClosedError, OutputError

_REPLACING = "topolab.replacing"
_PLAIN = str.maketrans({"–": "-", "—": "-", "…": ".", "×": "x", "µ": "u", "─": "-", "━": "-", "│": "|", "’": "'"})
"""Plain replacements of the same width, so that columns stay aligned."""
_SURROGATES_OF_BYTES = range(0xDC80, 0xDD00)


@contextmanager
def safe_outputs() -> Iterator[None]:
    """Make both standard streams safe inside the block, and flush them at its end."""
    codecs.register_error(_REPLACING, _replaced)
    before = sys.stdout, sys.stderr
    try:
        sys.stderr = _safe(sys.stderr, lenient=True)
        sys.stdout = _safe(sys.stdout, lenient=False)
        yield
        sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = before


class _SafeBytes(io.BufferedIOBase):
    """Writes to a standard stream's buffer and handles errors. Closing it leaves the stream open."""

    def __init__(self, below: io.BufferedIOBase, lenient: bool) -> None:
        self._below = below
        self._lenient = lenient

    def write(self, data: object) -> int:
        try:
            return self._below.write(data)  # type: ignore[arg-type]  # any buffer, as the stream below takes
        except OSError as error:
            self._give_up(error)
            return len(data)  # type: ignore[arg-type]

    def flush(self) -> None:
        try:
            self._below.flush()
        except OSError as error:
            self._give_up(error)

    @property
    def name(self) -> str:
        return str(getattr(self._below, "name", ""))

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._below.isatty()

    def fileno(self) -> int:
        return self._below.fileno()

    def close(self) -> None:
        """Stay open: the interpreter closes the stream below."""

    def _give_up(self, error: OSError) -> None:
        # Otherwise, what the stream below still buffers would fail again at exit, with another exit code.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._below.fileno())
        os.close(nowhere)
        if isinstance(error, BrokenPipeError):
            raise OutputClosedError("the output's reader is gone") from None
        if not self._lenient:
            raise OutputError(f"standard output cannot be written: {error.strerror}") from None


def _safe(stream: TextIO | None, *, lenient: bool) -> TextIO:
    """A stream that writes to the same place, or nowhere if the caller has closed the stream."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - no path, and open to the end
    below = getattr(stream, "buffer", None)
    if below is None:  # an in-memory stream, as in tests, accepts every character
        return stream
    stream.flush()
    return io.TextIOWrapper(
        _SafeBytes(below, lenient),
        encoding=stream.encoding,
        errors=_REPLACING,
        line_buffering=stream.isatty() or lenient,
    )


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    """The replacement for a character that the encoding lacks: a plain one, its byte, or `?`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if ord(character) in _SURROGATES_OF_BYTES:  # a byte of a file name or an argument that is not UTF-8
        return bytes([ord(character) - 0xDC00]), error.start + 1
    plain = character.translate(_PLAIN)
    return plain if plain.isascii() else "?", error.start + 1
