"""HTTP/1.1: one request at a time on a connection, and an answer by length, in chunks, or until the end."""

from __future__ import annotations

from topolab.drivers.sockets.answers import Head, HeadError, Heads, read_fields
from topolab.drivers.sockets.chunked import Chunked, ChunkError
from topolab.drivers.sockets.faults import BROKEN, CLOSED_EARLY, SURPLUS, UNASKED, other_protocol
from topolab.drivers.sockets.lane import Exchange, Lane, Loop
from topolab.drivers.sockets.wire import ACCEPT, USER_AGENT
from topolab.model.protocol import Protocol
from topolab.model.target import Target

_LONGEST_HEAD = 65_536


def parse_head(head: bytes) -> Head:
    """The meaning of a response's head, with its empty line. Raises `HeadError`."""
    line, *lines = head[:-4].split(b"\r\n")
    version, _, rest = line.partition(b" ")
    status = rest[:3]
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not status.isdigit() or len(status) != 3 or rest[3:4] not in b" ":
        raise HeadError(BROKEN)
    fields = []
    for text in lines:
        name, colon, value = text.partition(b":")
        if not colon or not name or name != name.strip():
            raise HeadError(BROKEN)
        fields.append((name.lower(), value))
    return read_fields(int(status), fields, keeps_open=version == b"HTTP/1.1")


def _rest_of_request(target: Target) -> bytes:
    """What follows the path."""
    host = target.base_url.partition("://")[2]
    return f" HTTP/1.1\r\nhost: {host}\r\nuser-agent: {USER_AGENT}\r\naccept: {ACCEPT}\r\n\r\n".encode()


class Http1Lane(Lane):
    """A lane of HTTP/1.1."""

    def __init__(self, loop: Loop, number: int, streams: int) -> None:
        super().__init__(loop, number, streams)
        self._only = self.exchanges[0]
        self._heads: Heads = loop.heads
        self._known = self._heads.known
        self._before, self._after = b"GET ", _rest_of_request(loop.target)
        self._waiting = False  # its request is not sent yet
        self._missing = 0  # bytes of a body with a length that are yet to come
        self._chunked: Chunked | None = None
        self._until_end = False

    def send(self, exchange: Exchange) -> None:
        """Send the request, once there is a connection."""
        if self._open:
            self.write(b"%b%b%b" % (self._before, exchange.path, self._after))
        else:
            self._waiting = True
            self.connect()

    def cancel(self, exchange: Exchange) -> None:  # noqa: ARG002
        """Close the connection: HTTP/1.1 has no other way."""
        self._waiting = False
        self._forget()
        self.close()

    def _greet(self, protocol: str) -> None:
        if protocol != Protocol.HTTP1.value:
            self._lost(other_protocol(protocol))
            return
        if self._waiting:
            self._waiting = False
            self.write(b"%b%b%b" % (self._before, self._only.path, self._after))

    def _take(self, data: bytes) -> None:
        exchange = self._only
        if self._missing or self._chunked is not None or self._until_end:
            self._take_more(exchange, data)
            return
        if not exchange.in_flight or self._waiting:
            self._loop.strays[UNASKED] += 1
            self.close()
            return
        end = data.find(b"\r\n\r\n") + 4
        if end == 3:
            self._held = data
            if len(data) > _LONGEST_HEAD:
                self._over(exchange, BROKEN)
            return
        start = data[:end]
        head = self._known.get(start)
        if head is None:
            try:
                head = self._heads.learn(start)
            except HeadError as error:
                self._over(exchange, str(error))
                return
        if len(data) - end == head.length:
            self._held = b""
            exchange.head = head
            exchange.body = data[end:]
            self._finish(exchange)
            if not head.keeps_open:
                self.close()
            return
        self._held = b""
        self._begin_body(exchange, head, data[end:])

    def _begin_body(self, exchange: Exchange, head: Head, rest: bytes) -> None:
        """An answer that is not complete yet, or is informational, or goes on after its end."""
        if head.informational:
            if rest:
                self._take(rest)
            return
        exchange.head = head
        exchange.parts = [rest]
        if head.chunked:
            self._chunked = Chunked()
            exchange.parts = []
            self._take_more(exchange, rest)
        elif head.length is None:
            self._until_end = True
        elif len(rest) > head.length:
            exchange.body = rest[: head.length]
            self._over(exchange, SURPLUS)
        else:
            self._missing = head.length - len(rest)

    def _take_more(self, exchange: Exchange, data: bytes) -> None:
        self._held = b""
        if self._chunked is not None:
            self._take_chunks(exchange, self._chunked, data)
            return
        exchange.parts.append(data)
        if self._until_end:
            return
        self._missing -= len(data)
        if self._missing < 0:
            self._missing = 0
            self._over(exchange, SURPLUS)
        elif not self._missing:
            self._complete(exchange)

    def _take_chunks(self, exchange: Exchange, chunked: Chunked, data: bytes) -> None:
        try:
            over = chunked.feed(data)
        except ChunkError:
            self._over(exchange, BROKEN)
            return
        if over:
            exchange.parts = chunked.parts
            if chunked.rest:
                self._over(exchange, SURPLUS)
            else:
                self._complete(exchange)

    def _complete(self, exchange: Exchange) -> None:
        exchange.body = b"".join(exchange.parts)
        keeps_open = exchange.head is not None and exchange.head.keeps_open and not self._until_end
        self._forget()
        self._finish(exchange)
        if not keeps_open:
            self.close()

    def _over(self, exchange: Exchange, fault: str) -> None:
        """The answer is bad in a way that ends the connection."""
        self._forget()
        self.close()
        self._finish(exchange, fault)

    def _ended(self) -> None:
        if self._until_end:
            self._complete(self._only)
        else:
            self._lost(CLOSED_EARLY)

    def _lost(self, fault: str) -> None:
        exchange = self._only
        self._waiting = False
        self._forget()
        self.close()
        if exchange.in_flight:
            self._finish(exchange, fault)

    def _forget(self) -> None:
        self._missing = 0
        self._chunked = None
        self._until_end = False
        self._held = b""
