"""The chunked transfer coding of HTTP/1.1 (RFC 9112, section 7.1), read as it comes."""

from __future__ import annotations

_LONGEST_LINE = 16_384


class ChunkError(Exception):
    """The bytes are not in chunks."""


class Chunked:
    """One body. `parts` has the data so far; `rest` what came after the end, which should be nothing."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.rest = b""
        self._held = b""
        self._left = 0  # bytes of the current chunk, with its line end
        self._trailers = False

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; return whether the body is over. Raises `ChunkError`."""
        data = self._held + data
        while True:
            if self._left:
                # The last two bytes are the chunk's line end.
                piece = data[: self._left - 2]
                if piece:
                    self.parts.append(piece)
                data = data[len(piece) :]
                self._left -= len(piece)
                if len(data) < self._left:
                    self._held = data
                    return False
                if data[:2] != b"\r\n":
                    raise ChunkError
                data = data[2:]
                self._left = 0
            line, found, after = data.partition(b"\r\n")
            if not found:
                self._held = data
                if len(data) > _LONGEST_LINE:
                    raise ChunkError
                return False
            data = after
            if self._trailers:
                if not line:
                    self.rest = data
                    return True
            elif size := self._size(line):
                self._left = size + 2
            else:
                self._trailers = True

    def _size(self, line: bytes) -> int:
        digits = line.partition(b";")[0].strip()
        if not digits or digits.strip(b"0123456789abcdefABCDEF"):
            raise ChunkError
        return int(digits, 16)
