"""Reserves free ports without a race: a port stays taken from the moment it is chosen until the stack is gone."""

from __future__ import annotations

import errno
import socket
from types import TracebackType

LOOPBACK = "127.0.0.1"
_ATTEMPTS = 20
_DISCARD = (LOOPBACK, 9)


def loopback_trouble() -> str:
    """Why loopback cannot be used, and what to do; empty if it works."""
    try:
        with ReservedPort():
            return ""
    except OSError as error:
        if error.errno not in (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EPERM):
            raise
        return (
            f"{LOOPBACK} cannot be used: {(error.strerror or str(error)).lower()}; "
            "bring the loopback interface up, on Linux with: sudo ip link set lo up"
        )


class ReservedPort:
    """A loopback port, for TCP and UDP, that is assigned to nothing else while this is open.

    The TCP socket is bound but does not listen. The kernel does not pick such a port for a process that asks for any
    free one, yet a server that asks for its number gets it, because both set SO_REUSEADDR (socket(7)). The UDP
    socket is bound and connected elsewhere, so it receives none of the server's datagrams.
    """

    def __init__(self) -> None:
        self._sockets = _reserve()
        self.number: int = self._sockets[0].getsockname()[1]

    def __enter__(self) -> ReservedPort:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reserved in self._sockets:
            reserved.close()


def _reserve() -> tuple[socket.socket, socket.socket]:
    for _ in range(_ATTEMPTS):
        tcp = _bound(socket.SOCK_STREAM, 0)
        try:
            udp = _bound(socket.SOCK_DGRAM, tcp.getsockname()[1])
        except OSError as error:
            tcp.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue  # the number is free for TCP only; take another
        udp.connect(_DISCARD)
        return tcp, udp
    raise OSError(errno.EADDRINUSE, f"no port free for both TCP and UDP on {LOOPBACK}")


def _bound(kind: socket.SocketKind, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((LOOPBACK, port))
    except OSError:
        made.close()
        raise
    return made
