"""What both versions of HTTP have in common: lanes, each one connection after another, and their request slots."""

from __future__ import annotations

import socket
import ssl
from collections import Counter
from typing import Protocol

from topolab.drivers.loops import client
from topolab.drivers.loops.client import clock
from topolab.drivers.loops.poller import READ, WRITE
from topolab.drivers.sockets.answers import Head, Heads
from topolab.drivers.sockets.faults import CLOSED_EARLY, RESET
from topolab.drivers.sockets.wire import BLOCKED, Wire, WireError
from topolab.model.target import Target

_CHUNK = 262_144


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


class Loop(Protocol):
    """What a lane needs of the event loop that it is part of."""

    target: Target
    context: ssl.SSLContext | None
    heads: Heads
    finished: list[Exchange]
    strays: Counter[str]
    dirty: list[Lane]
    """The lanes that have something to write before the loop waits."""

    def watch(self, wire: socket.socket, lane: Lane, wanted: int) -> None:
        """Call `lane.ready` when the socket is ready for what is wanted."""

    def unwatch(self, wire: socket.socket) -> None:
        """Forget a socket that is about to be closed."""

    def buffered(self, wire: socket.socket) -> bool:
        """Whether TLS holds decrypted bytes that the system does not know of."""


class Lane:
    """A place for one connection. A subclass speaks an HTTP version: it frames requests and reads answers."""

    def __init__(self, loop: Loop, number: int, streams: int) -> None:
        self._number = number
        self.exchanges = [Exchange(self) for _ in range(streams)]
        self.opened = 0
        """How many connections it has had."""
        self._loop = loop
        self._wire: Wire | None = None
        self._open = False
        self._unsent = b""
        self._held = b""

    def send(self, exchange: Exchange) -> None:
        """Send the exchange's request, on a new connection if there is none."""
        raise NotImplementedError

    def cancel(self, exchange: Exchange) -> None:
        """Give up the exchange's request: its answer is no longer wanted."""
        raise NotImplementedError

    def ready(self, events: int) -> None:
        """Go on with what the connection is ready for."""
        if not self._open:
            self._proceed()
            return
        if events & WRITE and self._unsent:
            self.flush()
        if events & ~WRITE:  # readable, an error, or the end
            self._receive()

    def connect(self) -> None:
        """Open a connection, unless there is one."""
        if self._wire is None:
            self._wire = Wire(self._loop.target, self._loop.context)
            self._held = self._unsent = b""
            self._proceed()

    def close(self) -> None:
        """Close the connection, whatever is in flight."""
        if self._wire is not None:
            self._loop.unwatch(self._wire.socket)
            self._wire.socket.close()
            self._wire = None
        self._open = False

    def write(self, data: bytes) -> None:
        """Send bytes now, and the rest once the socket takes it."""
        if self._unsent:
            self._unsent += data
            return
        assert self._wire is not None
        try:
            sent = self._wire.socket.send(data)
        except BLOCKED:
            sent = 0
        except OSError:
            return  # the end of the connection is read, with what came before it
        if sent != len(data):
            self._unsent = data[sent:]
            self._loop.watch(self._wire.socket, self, READ | WRITE)

    def flush(self) -> None:
        """Send what is left from earlier writes."""
        data, self._unsent = self._unsent, b""
        if data:
            self.write(data)
        if not self._unsent and self._wire is not None:
            self._loop.watch(self._wire.socket, self, READ)

    def _proceed(self) -> None:
        wire = self._wire
        assert wire is not None
        try:
            wanted = wire.proceed()
        except WireError as error:
            self._lost(str(error))
            return
        self._loop.watch(wire.socket, self, wanted or READ)
        if not wanted:
            self.opened += 1
            self._open = True
            self._greet(wire.protocol)

    def _receive(self) -> None:
        wire = self._wire
        while wire is not None and wire is self._wire:
            try:
                data = wire.socket.recv(_CHUNK)
            except BLOCKED:
                return
            except OSError:
                self._lost(RESET)
                return
            if not data:
                self._ended()
                return
            self._take(self._held + data if self._held else data)
            if not self._loop.buffered(wire.socket):
                return

    def _finish(self, exchange: Exchange, fault: str = "") -> None:
        exchange.done_at = clock()
        exchange.connection = (self._number, self.opened)
        exchange.fault = fault
        exchange.in_flight = False
        self._loop.finished.append(exchange)

    def _greet(self, protocol: str) -> None:
        """The connection is open, and ALPN chose `protocol`."""
        raise NotImplementedError

    def _take(self, data: bytes) -> None:
        """Read what has come; keep an incomplete rest in `_held`."""
        raise NotImplementedError

    def _ended(self) -> None:
        """The server has closed the connection."""
        self._lost(CLOSED_EARLY)

    def _lost(self, fault: str) -> None:
        """The connection is over; what was in flight is lost."""
        raise NotImplementedError
