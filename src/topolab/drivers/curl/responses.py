"""Checks every response and counts what was seen; this runs once a request, so it is written for speed."""

from __future__ import annotations

from collections import Counter

import pycurl

from topolab.drivers.curl.multi import Exchange
from topolab.drivers.loops import client
from topolab.drivers.loops.client import WITHOUT_LOCATION, Seen
from topolab.drivers.loops.ids import Ids
from topolab.model import contract
from topolab.model.protocol import Protocol

_STATUS, _ORIGIN, _PEER, _OTHER = range(4)
_CLIENT_PROTOCOLS = {protocol.number: protocol.value for protocol in Protocol}
_REMEMBERED_LINES = 20_000
_HANDED_OVER = str(contract.HANDED_OVER)


class Tally(client.Tally[Exchange]):
    """The counts of one load."""

    def __init__(self, body: str, ids: Ids) -> None:
        super().__init__()
        self._client_protocols: Counter[str] = Counter()
        self._origin_protocols: Counter[str] = Counter()
        self._connections: set[tuple[int, int]] = set()
        self._peers: set[str] = set()
        self._every_peer_known = True
        self._body = ids.filler(body)
        self._known: dict[bytes, tuple[int, str, str]] = {}

    def seen(self) -> Seen:
        """What the answers so far have shown of the hops; `peers` are those that good answers named."""
        peers = frozenset(self._peers) if self.good_at and self._every_peer_known else None
        return Seen(self._client_protocols, self._origin_protocols, frozenset(self._connections), peers)

    def take(self, exchange: Exchange) -> str:
        """Count a finished exchange; return the location to poll if it was answered 202, else an empty string.

        Only protocols and connections of a 202 are counted: the last answer decides whether the request was good.
        """
        status = protocol = origin = peer = ""
        known = self._known
        for line in exchange.lines:
            meaning = known.get(line)
            if meaning is None:
                meaning = self._learn(line)
            kind = meaning[0]
            if kind == _OTHER:
                continue
            if kind == _STATUS:
                # The last status line counts: informational responses come before it.
                status, protocol = meaning[1], meaning[2]
            elif kind == _ORIGIN:
                origin = meaning[1]
            else:
                peer = meaning[1]
        if status:
            self._client_protocols[protocol] += 1
            # libcurl's id, not the local port: ports repeat where the server closes after every response.
            self._connections.add((exchange.lane.index, exchange.easy.getinfo(pycurl.CONN_ID)))
        if origin:
            self._origin_protocols[origin] += 1
        fault = exchange.error or self._fault(exchange, status, origin)
        location = _location(exchange.lines) if fault == WITHOUT_LOCATION else ""
        if fault == contract.TIMED_OUT:
            self.timed_out(exchange)
            return ""
        if fault and not location:
            self.bad[fault] += 1
            return ""
        if peer:
            self._peers.add(peer)
        else:
            self._every_peer_known = False
        if location:
            return location
        self.good_at.append(exchange.done_at)
        self.took_us.append(int((exchange.done_at - exchange.began) * 1e6))
        return ""

    def _fault(self, exchange: Exchange, status: str, origin: str) -> str:
        if status == _HANDED_OVER:
            return WITHOUT_LOCATION if origin else contract.UNVERSIONED
        chunks = exchange.chunks
        got = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        return contract.fault(status, origin, body_matches=got == self._body(exchange.number).encode())

    def _learn(self, line: bytes) -> tuple[int, str, str]:
        known = self._known
        if len(known) >= _REMEMBERED_LINES:  # lines that always differ must not fill the memory
            known.clear()
        meaning = known[line] = _meaning(line)
        return meaning


def _location(lines: list[bytes]) -> str:
    """The last location among the header lines; empty if there is none."""
    found = ""
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "location":
            found = value.strip()
    return found


def _meaning(line: bytes) -> tuple[int, str, str]:
    """A header line's kind and content: status and protocol, or a value."""
    text = line.decode("latin-1").strip()
    if text.startswith("HTTP/"):
        version, _, rest = text.removeprefix("HTTP/").partition(" ")
        return _STATUS, rest.partition(" ")[0], _CLIENT_PROTOCOLS.get(version, f"http/{version}")
    name, _, value = text.partition(":")
    value = value.strip()
    match name.lower():
        case contract.VERSION_HEADER:
            return _ORIGIN, Protocol.from_origin_version(value) if value else "", ""
        case contract.PEER_HEADER:
            return _PEER, value, ""
    return _OTHER, "", ""
