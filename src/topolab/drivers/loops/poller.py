"""Waits for sockets with epoll, or with `selectors` where there is no epoll (macOS).

libcurl stops watching a connection's socket after every response and starts again with the next request. Passing that
on to the kernel costs two system calls a request (seen: a fifth of the throughput). So a socket that is not wanted
stays registered until it is wanted again or wakes the loop for nothing.
"""

from __future__ import annotations

import select
import selectors
from collections.abc import Sequence
from typing import Protocol

READ, WRITE, ERROR = 1, 2, 4  # as libcurl spells them in CURL_POLL_* and CURL_CSELECT_*
_BATCH = 512


class Poller(Protocol):
    """What the event loop needs from the operating system."""

    def watch(self, fd: int, wanted: int) -> None:
        """Report `fd` when it is ready for `wanted` (READ, WRITE or both)."""

    def unwatch(self, fd: int) -> None:
        """Stop reporting `fd`."""

    def forget(self, fd: int) -> None:
        """Drop what is known about the number `fd`, which is a new socket."""

    def ready(self, wait_s: float, *, exact: bool) -> Sequence[tuple[int, int]]:
        """Sockets and what they are ready for, after at most `wait_s`; `exact`: to better than a millisecond."""

    def close(self) -> None:
        """Release the kernel's object."""


class _EpollPoller:
    """Linux: keeps sockets registered while they are not wanted."""

    # READ, WRITE and both as epoll spells them; numbers, because macOS has no names for them.
    _TO_EPOLL = (0, 1, 4, 5)

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._registered: dict[int, int] = {}
        self._wanted: dict[int, int] = {}

    def watch(self, fd: int, wanted: int) -> None:
        self._wanted[fd] = wanted
        before = self._registered.get(fd)
        if before == wanted:
            return
        if before is None:
            self._epoll.register(fd, self._TO_EPOLL[wanted])
        else:
            self._epoll.modify(fd, self._TO_EPOLL[wanted])
        self._registered[fd] = wanted

    def unwatch(self, fd: int) -> None:
        self._wanted[fd] = 0

    def forget(self, fd: int) -> None:
        # Closing the earlier socket of this number has already taken it out of the epoll set.
        self._registered.pop(fd, None)

    def ready(self, wait_s: float, *, exact: bool) -> Sequence[tuple[int, int]]:
        if exact and wait_s > 0:
            # epoll_wait counts in milliseconds; select on the epoll object counts in microseconds.
            select.select((self._epoll,), (), (), wait_s)
            wait_s = 0
        found = []
        wanted = self._wanted
        for fd, events in self._epoll.poll(wait_s, _BATCH):
            if wanted[fd] == 0:
                self._epoll.unregister(fd)
                del self._registered[fd]
            elif events == 1:
                found.append((fd, READ))
            else:
                mask = events & 1 | (events & 4) >> 1 | (ERROR if events & 24 else 0)
                found.append((fd, mask))
        return found

    def close(self) -> None:
        self._epoll.close()


class _SelectorPoller:
    """Other systems: slower, but correct."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def watch(self, fd: int, wanted: int) -> None:
        events = (selectors.EVENT_READ if wanted & READ else 0) | (selectors.EVENT_WRITE if wanted & WRITE else 0)
        if fd in self._selector.get_map():
            self._selector.modify(fd, events)
        else:
            self._selector.register(fd, events)

    def unwatch(self, fd: int) -> None:
        if fd in self._selector.get_map():
            self._selector.unregister(fd)

    def forget(self, fd: int) -> None:
        self.unwatch(fd)

    def ready(self, wait_s: float, *, exact: bool) -> Sequence[tuple[int, int]]:  # noqa: ARG002  kqueue is exact
        if not self._selector.get_map():
            # An empty kqueue would return at once.
            select.select((), (), (), wait_s)
            return ()
        return [
            (
                key.fd,
                (READ if events & selectors.EVENT_READ else 0) | (WRITE if events & selectors.EVENT_WRITE else 0),
            )
            for key, events in self._selector.select(wait_s)
        ]

    def close(self) -> None:
        self._selector.close()


def new_poller(*, epoll: bool = hasattr(select, "epoll")) -> Poller:
    """The best poller of this operating system."""
    return _EpollPoller() if epoll else _SelectorPoller()
