"""A network in which nothing comes and goes, for tests that a change of the machine's network would disturb."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator

_CLONE_NEWNET = 0x4000_0000  # sched.h
_SIOCSIFFLAGS = 0x8914  # netdevice(7)
_IFF_UP = 0x1
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def quiet_network() -> Iterator[bool]:
    """Put this thread, and what it starts, into a network with a loopback interface and no other.

    False where the system does not allow it: then the network is still the machine's.
    """
    try:
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # not Linux
        yield False
        return
    try:
        if _LIBC.unshare(_CLONE_NEWNET):
            yield False
            return
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))
            yield True
        finally:
            if _LIBC.setns(before, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "cannot return to the machine's network")
    finally:
        os.close(before)
