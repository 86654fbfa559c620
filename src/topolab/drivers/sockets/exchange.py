"""A request slot of a lane, and what the last request in it came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from topolab.drivers.loops import client

if TYPE_CHECKING:
    from topolab.drivers.sockets.answers import Head
    from topolab.drivers.sockets.lane import Lane


class Exchange(client.Exchange):
    """One request after another, each with the answer that came to it."""

    __slots__ = ("body", "connection", "fault", "head", "lane", "parts", "path")

    def __init__(self, lane: Lane) -> None:
        super().__init__()
        self.lane = lane
        self.connection = (0, 0)  # the lane's number, and which of its connections this is
        self.path = b""
        self.head: Head | None = None
        self.body = b""
        self.parts: list[bytes] = []  # of a body that comes in pieces
        self.fault = ""  # empty if the answer was complete
