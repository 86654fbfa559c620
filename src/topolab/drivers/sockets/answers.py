"""What a response's head means, learned once: servers repeat their heads byte for byte until the second changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from topolab.drivers.sockets.faults import BROKEN
from topolab.model import contract
from topolab.model.protocol import Protocol

_REMEMBERED = 20_000
_NO_BODY = (204, 304)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The head of a response. `length` is that of the body; None if the head does not say."""

    status: int
    origin: str
    peer: str
    length: int | None
    chunked: bool = False
    keeps_open: bool = True
    location: str = ""

    @property
    def informational(self) -> bool:
        """Whether another head follows for the same request."""
        return 100 <= self.status < 200 and self.status != 101


class HeadError(Exception):
    """A head that is no HTTP; the text is a fault in a few words."""


class Heads:
    """The heads seen so far, by their bytes."""

    def __init__(self, parse: Callable[[bytes], Head]) -> None:
        """`parse` raises `HeadError`."""
        self.known: dict[bytes, Head] = {}
        self._parse = parse

    def learn(self, head: bytes) -> Head:
        """Parse and remember a head. Raises `HeadError`."""
        known = self.known
        if len(known) >= _REMEMBERED:  # heads that always differ must not fill the memory
            known.clear()
        meaning = known[head] = self._parse(head)
        return meaning


def read_fields(status: int, fields: Iterable[tuple[bytes, bytes]], *, keeps_open: bool = True) -> Head:
    """The meaning of a status and of header fields with lower-case names. Raises `HeadError`."""
    origin = peer = location = ""
    length: int | None = None
    chunked = False
    for name, value in fields:
        text = value.strip().decode("latin-1")
        if name == _VERSION:
            origin = Protocol.from_origin_version(text) if text else ""
        elif name == _PEER:
            peer = text
        elif name == b"location":
            location = text
        elif name == b"content-length":
            if not (text.isascii() and text.isdigit()) or (length is not None and length != int(text)):
                raise HeadError(BROKEN)
            length = int(text)
        elif name == b"transfer-encoding":
            chunked = text.lower().rpartition(",")[2].strip() == "chunked"
        elif name == b"connection":
            options = {option.strip() for option in text.lower().split(",")}
            keeps_open = "close" not in options and (keeps_open or "keep-alive" in options)
    if status in _NO_BODY:
        length, chunked = 0, False
    if chunked:
        length = None
    return Head(status, origin, peer, length, chunked, keeps_open, location)


_VERSION, _PEER = contract.VERSION_HEADER.encode(), contract.PEER_HEADER.encode()
