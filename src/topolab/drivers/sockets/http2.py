"""HTTP/2 (RFC 9113) in frames written here: many requests on a connection, read without a library.

The server's header table is set to no size, so the same head is the same bytes each time, and is parsed once.
"""

from __future__ import annotations

from collections import deque
from struct import Struct
from struct import error as StructError

import hpack
from hpack.hpack import encode_integer

from topolab.drivers.sockets.answers import Head, HeadError, Heads, read_fields
from topolab.drivers.sockets.faults import BROKEN, SURPLUS, UNASKED, other_protocol
from topolab.drivers.sockets.lane import Exchange, Lane, Loop
from topolab.drivers.sockets.wire import ACCEPT, USER_AGENT
from topolab.model.protocol import Protocol
from topolab.model.target import Target

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PUSH_PROMISE, _PING, _GOAWAY, _WINDOW_UPDATE, _CONTINUATION = (
    *(0, 1, 3, 4, 5, 6, 7, 8, 9),
)
_END_STREAM = _ACK = 0x1
_END_HEADERS, _PADDED, _PRIORITY = 0x4, 0x8, 0x20
_TABLE_SIZE, _MOST_STREAMS = 1, 3
_WINDOW = 2**31 - 1
_FIRST_WINDOW = 65_535
_FRAME = Struct(">HBBBL")  # the length is 24 bits: 16 and 8
_SETTING = Struct(">HL")
_NUMBER = Struct(">L")
_REASONS = {7: "stream refused", 8: "stream cancelled"}
_CANCEL = 8
_USABLE_TABLE = 4096  # what the first request's header fields need is less
_LONGEST_HEAD = 65_536
_LONGEST_FRAME = 16_384  # a server may send no longer ones unless its client allows it


def parse_block(block: bytes) -> Head:
    """The meaning of a header block. Raises `HeadError`."""
    decoder = hpack.Decoder(max_header_list_size=_LONGEST_HEAD)
    decoder.header_table_size = 0
    decoder.max_allowed_table_size = 0
    try:
        fields = decoder.decode(block, raw=True)
    except Exception as error:  # hpack has many kinds of them, and some that it does not mean to raise
        raise HeadError(BROKEN) from error
    named = [(bytes(name), bytes(value)) for name, value in fields]
    if not named or named[0][0] != b":status" or not named[0][1].isdigit():
        raise HeadError(BROKEN)
    return read_fields(int(named[0][1]), named[1:])


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame."""
    length = len(payload)
    return _FRAME.pack(length >> 8, length & 0xFF, kind, flags, stream) + payload


def _around_path(target: Target, table: int) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """The fields before and after the path, in a connection's first request and in later ones.

    The first one puts what repeats into the server's table of `table` bytes, as browsers do; later ones refer to it.
    """
    scheme, _, host = target.base_url.partition("://")
    start = b"\x82" + (b"\x87" if scheme == "https" else b"\x86")  # GET, and the scheme, from the static table
    fields = [(1, host.encode()), (58, USER_AGENT.encode()), (19, ACCEPT.encode())]  # by the static table's names
    if table < _USABLE_TABLE:
        plain = [_literal(0, 4, index, value) for index, value in fields]
        whole = (start + plain[0], plain[1] + plain[2])
        return (b"\x20" + whole[0], whole[1]), whole  # \x20: the table is empty from here on
    indexed = [_literal(0x40, 6, index, value) for index, value in fields]
    return (start + indexed[0], indexed[1] + indexed[2]), (start + b"\xc0", b"\xbf\xbe")


def _literal(kind: int, bits: int, name: int, value: bytes) -> bytes:
    """A header field whose name is in the static table (RFC 7541, section 6.2)."""
    first = encode_integer(name, bits)
    first[0] |= kind
    return bytes(first + encode_integer(len(value), 7)) + value


class Http2Lane(Lane):
    """A lane of HTTP/2."""

    def __init__(self, loop: Loop, number: int, streams: int) -> None:
        super().__init__(loop, number, streams)
        self._heads: Heads = loop.heads
        self._known = self._heads.known
        self._streams: dict[int, Exchange] = {}
        self._stream_of: dict[Exchange, int] = {}
        self._abandoned: set[int] = set()
        self._waiting: deque[Exchange] = deque()
        self._out: list[bytes] = []
        self._next = 1
        self._most = 0  # streams at once; none before the server's settings are here
        self._first = self._later = (b"", b"")
        self._block: tuple[int, int, bytes] | None = None  # a head that goes on in another frame
        self._taken = 0  # bytes of data for which the server has no new window yet
        self._going_away = False

    def send(self, exchange: Exchange) -> None:
        """Send the request, once there is a connection that takes one more."""
        if len(self._streams) >= self._most or self._going_away:
            self._waiting.append(exchange)
            if self._wire is None:
                self.connect()
            return
        stream = self._next
        self._next += 2
        self._streams[stream] = exchange
        self._stream_of[exchange] = stream
        exchange.parts = []
        path = exchange.path
        before, after = self._later if stream > 1 else self._first
        field = _path_field(len(path))
        length = len(before) + len(field) + len(path) + len(after)
        if not self._out:
            self._loop.dirty.append(self)
        self._out.append(
            b"%b%b%b%b%b"
            % (
                _FRAME.pack(length >> 8, length & 0xFF, _HEADERS, _END_HEADERS | _END_STREAM, stream),
                before,
                field,
                path,
                after,
            )
        )

    def flush(self) -> None:
        """Write the frames of this turn together."""
        out = self._out
        if out and self._open:
            data = out[0] if len(out) == 1 else b"".join(out)
            out.clear()
            self.write(data)
        if self._unsent:
            super().flush()

    def cancel(self, exchange: Exchange) -> None:
        """Reset the exchange's stream; what still comes for it is ignored."""
        stream = self._stream_of.pop(exchange, None)
        if stream is None:
            self._waiting.remove(exchange)
            return
        del self._streams[stream]
        self._abandoned.add(stream)
        self._queue(frame(_RST_STREAM, 0, stream, _NUMBER.pack(_CANCEL)))

    def close(self) -> None:
        """Close the connection, whatever is in flight."""
        super().close()
        self._streams.clear()
        self._stream_of.clear()
        self._abandoned.clear()
        self._out.clear()
        self._next = 1
        self._most = 0
        self._block = None
        self._taken = 0
        self._going_away = False

    def _greet(self, protocol: str) -> None:
        if protocol != Protocol.H2.value:
            self._lost(other_protocol(protocol))
            return
        settings = {_TABLE_SIZE: 0, 2: 0, 4: _WINDOW}  # 2: no push; 4: the window of each stream
        payload = b"".join(_SETTING.pack(name, value) for name, value in settings.items())
        window = frame(_WINDOW_UPDATE, 0, 0, _NUMBER.pack(_WINDOW - _FIRST_WINDOW))
        self.write(_PREFACE + frame(_SETTINGS, 0, 0, payload) + window)

    def _take(self, data: bytes) -> None:
        wire, known, streams = self._wire, self._known, self._streams
        position, size = 0, len(data)
        unpack = _FRAME.unpack_from
        while size - position >= 9:
            high, low, kind, flags, stream = unpack(data, position)
            begin = position + 9
            position = begin + (high << 8) + low
            if position > size:
                if position - begin > _LONGEST_FRAME:
                    self._lost(BROKEN)
                    return
                position = begin - 9
                break
            if kind == _DATA:
                self._taken += position - begin
                exchange = streams.get(stream)
                if exchange is None or exchange.head is None:
                    self._unasked(stream)
                elif flags & _END_STREAM and not exchange.parts and not flags & _PADDED:
                    exchange.body = data[begin:position]
                    self._complete(exchange, stream)
                else:
                    exchange.parts.append(_unpadded(data[begin:position], flags))
                    if flags & _END_STREAM:
                        exchange.body = b"".join(exchange.parts)
                        self._complete(exchange, stream)
            elif kind == _HEADERS and flags & _END_HEADERS and not flags & (_PADDED | _PRIORITY):
                block = data[begin:position]
                head = known.get(block)
                if head is None or not self._take_head(stream, head, flags):
                    self._take_block(stream, flags, block)
            else:
                self._take_other(kind, flags, stream, data[begin:position])
            if self._wire is not wire:  # closed, and perhaps replaced already
                return
        self._held = data[position:]
        if self._taken > _WINDOW // 2:
            self._queue(frame(_WINDOW_UPDATE, 0, 0, _NUMBER.pack(self._taken)))
            self._taken = 0

    def _take_head(self, stream: int, head: Head, flags: int) -> bool:
        """The common case: the head of an answer with a body. False if it is another."""
        exchange = self._streams.get(stream)
        if exchange is None or exchange.head is not None or head.informational or flags & _END_STREAM:
            return False
        exchange.head = head
        return True

    def _take_block(self, stream: int, flags: int, block: bytes) -> None:
        exchange = self._streams.get(stream)
        if exchange is None:
            self._unasked(stream)
            return
        if exchange.head is not None:  # trailers
            if not flags & _END_STREAM:
                self._fail(exchange, BROKEN)
                return
            exchange.body = b"".join(exchange.parts)
            self._complete(exchange, stream)
            return
        try:
            head = self._known.get(block) or self._heads.learn(block)
        except HeadError as error:
            self._fail(exchange, str(error))
            return
        if head.informational:
            return
        exchange.head = head
        if flags & _END_STREAM:
            exchange.body = b""
            self._complete(exchange, stream)

    def _take_other(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        try:
            self._act_on(kind, flags, stream, payload)
        except StructError:  # the payload has not the length that its kind of frame must have
            self._lost(BROKEN)

    def _act_on(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        match kind:
            case k if k in (_HEADERS, _CONTINUATION):
                self._gather(kind, flags, stream, payload)
            case k if k == _RST_STREAM:
                self._reset(stream, _NUMBER.unpack(payload)[0])
            case k if k == _SETTINGS and not flags & _ACK:
                self._settle(payload)
            case k if k == _PING and not flags & _ACK:
                self._queue(frame(_PING, _ACK, 0, payload))
            case k if k == _GOAWAY:
                self._go_away(_NUMBER.unpack_from(payload)[0] & _WINDOW)
            case k if k == _PUSH_PROMISE:
                self._lost(BROKEN)

    def _gather(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        """A head in several frames, or with padding or a priority."""
        if kind == _HEADERS:
            payload = _unpadded(payload, flags)
            if flags & _PRIORITY:
                payload = payload[5:]
            self._block = (stream, flags, payload)
        elif self._block is None or self._block[0] != stream:
            self._lost(BROKEN)
            return
        else:
            self._block = (stream, self._block[1], self._block[2] + payload)
        if flags & _END_HEADERS:
            stream, first_flags, block = self._block
            self._block = None
            self._take_block(stream, first_flags, block)
        elif len(self._block[2]) > _LONGEST_HEAD:
            self._lost(BROKEN)

    def _settle(self, payload: bytes) -> None:
        """The server's settings: from the first ones on, requests may be sent."""
        settings = dict(_SETTING.iter_unpack(payload))
        if not self._most:
            self._first, self._later = _around_path(self._loop.target, settings.get(_TABLE_SIZE, _USABLE_TABLE))
        self._most = min(settings.get(_MOST_STREAMS, self._most or _WINDOW), len(self.exchanges))
        self._queue(frame(_SETTINGS, _ACK, 0, b""))
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._waiting and len(self._streams) < self._most and not self._going_away:
            self.send(self._waiting.popleft())

    def _complete(self, exchange: Exchange, stream: int) -> None:
        del self._streams[stream]
        del self._stream_of[exchange]
        head = exchange.head
        short = head is not None and head.length is not None and head.length != len(exchange.body)
        self._finish(exchange, BROKEN if short else "")
        if self._waiting:
            self._send_waiting()
        elif self._going_away and not self._streams:
            self.close()

    def _fail(self, exchange: Exchange, fault: str) -> None:
        """Refuse an answer: reset its stream."""
        self.cancel(exchange)
        self._finish(exchange, fault)

    def _reset(self, stream: int, code: int) -> None:
        exchange = self._streams.pop(stream, None)
        if exchange is not None:
            del self._stream_of[exchange]
            self._finish(exchange, _REASONS.get(code, "reset"))
            self._send_waiting()

    def _go_away(self, last: int) -> None:
        """No more requests on this connection. Those after `last` are lost; the others are still answered."""
        self._going_away = True
        for stream in [number for number in self._streams if number > last]:
            self._reset(stream, 7)
        if not self._streams:
            self.close()
            if self._waiting:
                self.connect()

    def _lost(self, fault: str) -> None:
        gone = list(self._streams.values())
        if not self._most:  # it never came to requests, so another connection would not either
            gone += self._waiting
            self._waiting.clear()
        self.close()
        for exchange in gone:
            self._finish(exchange, fault)
        if self._waiting:
            self.connect()

    def _unasked(self, stream: int) -> None:
        if stream not in self._abandoned:
            self._loop.strays[SURPLUS if stream < self._next else UNASKED] += 1

    def _queue(self, data: bytes) -> None:
        if not self._out:
            self._loop.dirty.append(self)
        self._out.append(data)


def _unpadded(payload: bytes, flags: int) -> bytes:
    return payload[1 : len(payload) - payload[0]] if flags & _PADDED and payload else payload


def _path_field(length: int) -> bytes:
    """What stands before a path: its name in the static table, and its length."""
    return b"\x04%c" % length if length < 127 else b"\x04" + bytes(encode_integer(length, 7))
