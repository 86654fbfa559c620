"""The event loop: libcurl's multi interface, with one multi handle for each connection.

One multi handle could hold all connections, but then libcurl would decide how many it opens and where a request goes.
With handles of a single connection, the profile decides how many there are and how many requests each has in flight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import pycurl

from topolab.drivers.loops import client as loops
from topolab.drivers.loops.client import clock
from topolab.drivers.loops.ids import PLACEHOLDER, Ids
from topolab.drivers.loops.poller import Poller, new_poller
from topolab.libcurl.buffers import take_ended
from topolab.libcurl.errors import error_name
from topolab.libcurl.handles import new_handle, new_multi, set_timeout
from topolab.model.profile import Lanes
from topolab.model.target import Target

_NEVER = float("inf")


class Lane:
    """One connection, or its successor when the server closes it, with its multi handle."""

    __slots__ = ("index", "multi", "running", "sockets", "take")

    def __init__(self, index: int, streams: int) -> None:
        self.index = index
        self.running = 0
        self.sockets: tuple[int, ...] = ()  # the one that libcurl last used
        self.take: Callable[[], int]
        self.multi = new_multi(streams)
        self.multi.setopt(pycurl.M_MAXCONNECTS, 4)


class Exchange(loops.Exchange):
    """A request slot of a lane, reused for one request after another, with the response of the last one."""

    __slots__ = ("chunks", "easy", "error", "lane", "lines", "strayed")

    def __init__(self, lane: Lane, easy: Any) -> None:
        super().__init__()
        self.lane = lane
        self.easy = easy
        self.lines: list[bytes] = []
        self.chunks: list[bytes] = []
        self.error = ""  # from `error_name`, empty if the transfer was complete
        self.strayed = False  # its last request was for another path than the pool's
        # list.append is a C function: libcurl's callbacks run no Python code.
        easy.setopt(pycurl.HEADERFUNCTION, self.lines.append)
        easy.setopt(pycurl.WRITEFUNCTION, self.chunks.append)


class Pool(loops.Pool[Exchange]):
    """All lanes of one load, and their exchanges, ordered so that neighbours are on different connections."""

    def __init__(
        self, target: Target, path: str, ids: Ids, lanes: Lanes, timeout_s: float, *, exact: bool = False
    ) -> None:
        self.base_url = target.base_url
        self.strays: Counter[str] = Counter()  # libcurl keeps them to itself
        self._path = ids.filler(path)
        self._timeout_s = timeout_s
        self._numbered = PLACEHOLDER in path
        self._exact = exact
        self._poller: Poller = new_poller()
        self._lane_of: dict[int, Lane] = {}
        self._due = [_NEVER] * lanes.connections
        self._finished: list[Exchange] = []
        self._lanes = [self._new_lane(index, lanes.streams) for index in range(lanes.connections)]
        self.exchanges = [self._new_exchange(lane, target) for _ in range(lanes.streams) for lane in self._lanes]
        self._exchange_of = {exchange.easy: exchange for exchange in self.exchanges}

    def start(self, exchange: Exchange, number: int, began: float, path: str = "", give_up_at: float = 0.0) -> None:
        """Send request `number`, its latency counted from `began`.

        `path` replaces the pool's own path, and the moment `give_up_at` replaces the pool's timeout.
        """
        if path or self._numbered or exchange.strayed:
            self._aim(exchange, number, path, give_up_at)
        exchange.number = number
        exchange.began = began
        exchange.sent_at = clock()
        exchange.in_flight = True
        exchange.lines.clear()
        exchange.chunks.clear()
        lane = exchange.lane
        lane.running += 1
        lane.multi.add_handle(exchange.easy)

    def turn(self, until: float) -> list[Exchange]:
        """Let libcurl work until an exchange has finished, at most until `until`; return those that have.

        It may return early, and with none. The list is valid until the next turn.
        """
        finished = self._finished
        finished.clear()
        due = self._due
        now = clock()
        soonest = min(due)
        if soonest <= now:
            for lane, at in zip(self._lanes, due, strict=True):
                if at <= now:
                    due[lane.index] = _NEVER
                    if lane.multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)[1] < lane.running:
                        take_ended(lane.multi, lane.running, lane.sockets, lane.take)
            soonest = min(due)
        wait_s = 0.0 if finished else max(0.0, min(soonest, until) - clock())
        lane_of = self._lane_of
        for fd, ready in self._poller.ready(min(wait_s, 1.0), exact=self._exact):
            lane = lane_of[fd]
            if lane.multi.socket_action(fd, ready)[1] < lane.running:
                take_ended(lane.multi, lane.running, lane.sockets, lane.take)
        return finished

    def give_up(self, but: Collection[Exchange] = ()) -> list[Exchange]:
        """Abort the requests in flight, except those of `but`; return their exchanges, which are free now."""
        waiting = [exchange for exchange in self.exchanges if exchange.in_flight and exchange not in but]
        for exchange in waiting:
            exchange.lane.running -= 1
            exchange.lane.multi.remove_handle(exchange.easy)
            exchange.in_flight = False
        return waiting

    def close(self) -> None:
        """Give up what is in flight and close every connection."""
        self.give_up()
        # Connections go before the handles that made them: libcurl may still call back through those.
        for lane in self._lanes:
            lane.multi.close()
        for exchange in self.exchanges:
            exchange.easy.close()
        self._poller.close()

    def _aim(self, exchange: Exchange, number: int, path: str, give_up_at: float) -> None:
        exchange.easy.setopt(pycurl.URL, self.base_url + (path or self._path(number)))
        if give_up_at or exchange.give_up_at:
            left_s = give_up_at - clock() if give_up_at else self._timeout_s
            set_timeout(exchange.easy, left_s)
        exchange.strayed = bool(path)
        exchange.give_up_at = give_up_at

    def _take(self, lane: Lane) -> int:
        more = 1
        while more:
            more, complete, broken = lane.multi.info_read()
            now = clock()
            for easy in complete:
                self._finish(lane, easy, now, "")
            for easy, code, message in broken:
                self._finish(lane, easy, now, error_name(code, easy.getinfo(pycurl.OS_ERRNO), message))
        return lane.running

    def _finish(self, lane: Lane, easy: Any, now: float, error: str) -> None:
        exchange = self._exchange_of[easy]
        lane.running -= 1
        lane.multi.remove_handle(easy)
        exchange.in_flight = False
        exchange.done_at = now
        exchange.error = error
        self._finished.append(exchange)

    def _new_lane(self, index: int, streams: int) -> Lane:
        lane = Lane(index, streams)
        lane.take = partial(self._take, lane)
        due, lane_of, poller = self._due, self._lane_of, self._poller

        def on_timer(after_ms: int) -> None:
            due[index] = 0.0 if after_ms == 0 else clock() + after_ms / 1000 if after_ms > 0 else _NEVER

        def on_socket(what: int, fd: int, _multi: Any, _data: Any) -> None:
            if what == pycurl.POLL_REMOVE:
                poller.unwatch(fd)
            else:
                lane.sockets = (fd,)
                lane_of[fd] = lane
                poller.watch(fd, what)

        lane.multi.setopt(pycurl.M_TIMERFUNCTION, on_timer)
        lane.multi.setopt(pycurl.M_SOCKETFUNCTION, on_socket)
        return lane

    def _new_exchange(self, lane: Lane, target: Target) -> Exchange:
        easy = new_handle(target, self._timeout_s)
        easy.setopt(pycurl.URL, self.base_url + self._path(0))
        easy.setopt(pycurl.SOCKOPTFUNCTION, self._on_new_socket)
        return Exchange(lane, easy)

    def _on_new_socket(self, fd: int, _purpose: int) -> int:
        self._poller.forget(fd)
        return int(pycurl.SOCKOPT_OK)
