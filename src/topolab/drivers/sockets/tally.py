"""Holds every answer against the one that was expected, and counts what was seen; written for speed."""

from __future__ import annotations

from collections import Counter

from topolab.drivers.loops import client
from topolab.drivers.loops.client import WITHOUT_LOCATION, Seen
from topolab.drivers.loops.ids import Ids
from topolab.drivers.sockets.answers import Head
from topolab.drivers.sockets.lane import Exchange
from topolab.model import contract
from topolab.model.protocol import Protocol


class Tally(client.Tally[Exchange]):
    """The counts of one load, whose answers all come by one protocol."""

    def __init__(self, body: str, ids: Ids, protocol: Protocol) -> None:
        super().__init__()
        self._body = ids.filler(body)
        self._protocol = protocol
        self._heads: dict[Head, int] = {}
        self._good_heads: set[Head] = set()
        self._connections: set[tuple[int, int]] = set()

    def take(self, exchange: Exchange) -> str:
        """Count a finished exchange; return the location to poll if it was answered 202, else an empty string."""
        head = exchange.head
        if head is None:
            return self._bad(exchange, exchange.fault)
        self._heads[head] = self._heads.get(head, 0) + 1
        self._connections.add(exchange.connection)
        if exchange.fault:
            return self._bad(exchange, exchange.fault)
        if head.status == contract.HANDED_OVER:
            if head.origin and head.location:
                return head.location
            return self._bad(exchange, WITHOUT_LOCATION if head.origin else contract.UNVERSIONED)
        matches = exchange.body == self._body(exchange.number).encode()
        if fault := contract.fault(head.status, head.origin, body_matches=matches):
            return self._bad(exchange, fault)
        self._good_heads.add(head)
        self.good_at.append(exchange.done_at)
        self.took_us.append(int((exchange.done_at - exchange.began) * 1e6))
        return ""

    def seen(self) -> Seen:
        """What the answers so far have shown of the hops; `peers` are those that good answers named."""
        origins: Counter[str] = Counter()
        for head, count in self._heads.items():
            if head.origin:
                origins[head.origin] += count
        peers = frozenset(head.peer for head in self._good_heads)
        answered = Counter({self._protocol.value: sum(self._heads.values())})
        return Seen(answered, origins, frozenset(self._connections), peers if peers and "" not in peers else None)

    def _bad(self, exchange: Exchange, fault: str) -> str:
        if fault == contract.TIMED_OUT:
            self.timed_out(exchange)
        else:
            self.bad[fault] += 1
        return ""
