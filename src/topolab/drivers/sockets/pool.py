"""The event loop: epoll over a load's connections. The profile says how many there are, and with how many requests."""

from __future__ import annotations

import socket
import ssl
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from topolab.drivers.loops import client as loops
from topolab.drivers.loops.client import clock
from topolab.drivers.loops.ids import Ids
from topolab.drivers.loops.poller import Poller, new_poller
from topolab.drivers.sockets.answers import Head, Heads
from topolab.drivers.sockets.lane import Exchange, Lane, Loop
from topolab.drivers.sockets.wire import tls_context
from topolab.model import contract
from topolab.model.profile import Lanes
from topolab.model.target import Target

_CHECK_S = 0.05


@dataclass(frozen=True)
class Speech:
    """A version of HTTP: its lanes, and how to read the heads of its answers."""

    lane: Callable[[Loop, int, int], Lane]
    parse: Callable[[bytes], Head]


class Pool(loops.Pool[Exchange]):
    """All lanes of one load, and their exchanges, ordered so that neighbours are on different connections."""

    def __init__(
        self,
        target: Target,
        path: str,
        ids: Ids,
        lanes: Lanes,
        timeout_s: float,
        speech: Speech,
        *,
        exact: bool = False,
    ) -> None:
        self.target = target
        self.base_url = target.base_url
        self.context = tls_context(target)
        self.heads = Heads(speech.parse)
        self.finished: list[Exchange] = []
        self.strays: Counter[str] = Counter()
        self._timeout_s = timeout_s
        self._exact = exact
        self._path = ids.filler(path)
        self._check_at = 0.0
        self._poller: Poller = new_poller()
        self._lane_of: dict[int, Lane] = {}
        self.dirty: list[Lane] = []
        self.lanes = [speech.lane(self, number, lanes.streams) for number in range(lanes.connections)]
        self.exchanges = [e for group in zip(*(one.exchanges for one in self.lanes), strict=True) for e in group]

    def start(self, exchange: Exchange, number: int, began: float, path: str = "", give_up_at: float = 0.0) -> None:
        """Send request `number`, its latency counted from `began`.

        `path` replaces the pool's own path, and the moment `give_up_at` replaces the pool's timeout.
        """
        now = clock()
        exchange.path = (path or self._path(number)).encode()
        exchange.number = number
        exchange.began = began
        exchange.sent_at = now
        exchange.give_up_at = give_up_at or now + self._timeout_s
        exchange.in_flight = True
        exchange.head = None
        exchange.lane.send(exchange)

    def turn(self, until: float) -> list[Exchange]:
        """Let connections work until an exchange has finished, at most until `until`; return those that have.

        It may return early, and with none. The list is valid until the next turn.
        """
        dirty = self.dirty
        if dirty:
            for lane in dirty:
                lane.flush()
            dirty.clear()
        now = clock()
        if now >= self._check_at:
            self._end_late(now)
        wait_s = 0.0 if self.finished else max(0.0, min(until, self._check_at) - now)
        lane_of = self._lane_of
        for fd, events in self._poller.ready(wait_s, exact=self._exact):
            lane_of[fd].ready(events)
        # A request that fails while it is started is in the next turn's list.
        finished, self.finished = self.finished, []
        return finished

    def give_up(self, but: Collection[Exchange] = ()) -> list[Exchange]:
        """Abort the requests in flight, except those of `but`; return their exchanges, which are free now."""
        waiting = [exchange for exchange in self.exchanges if exchange.in_flight and exchange not in but]
        for exchange in waiting:
            exchange.in_flight = False
            exchange.lane.cancel(exchange)
        return waiting

    def close(self) -> None:
        """Close every connection."""
        for lane in self.lanes:
            lane.close()
        self._poller.close()

    def watch(self, wire: socket.socket, lane: Lane, wanted: int) -> None:
        """Call `lane.ready` when the socket is ready for what is wanted."""
        fd = wire.fileno()
        self._lane_of[fd] = lane
        self._poller.watch(fd, wanted)

    def unwatch(self, wire: socket.socket) -> None:
        """Forget a socket that is about to be closed."""
        self._poller.unwatch(wire.fileno())
        self._poller.forget(wire.fileno())

    def buffered(self, wire: socket.socket) -> bool:
        """Whether TLS holds decrypted bytes that the system does not know of."""
        return isinstance(wire, ssl.SSLSocket) and wire.pending() > 0

    def _end_late(self, now: float) -> None:
        self._check_at = now + _CHECK_S
        for exchange in self.exchanges:
            if exchange.in_flight and now >= exchange.give_up_at:
                exchange.in_flight = False
                exchange.lane.cancel(exchange)
                exchange.done_at = now
                exchange.fault = contract.TIMED_OUT
                self.finished.append(exchange)
