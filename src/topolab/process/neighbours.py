"""Detects other runs that measure on this machine now, of any user: each holds a name that the kernel lists.

The name is that of an abstract unix socket (unix(7)): it needs no file, has no permissions, and disappears with its
process, however that ends. Only Linux has such sockets, and runs in other network namespaces are not seen.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LIST = Path("/proc/net/unix")
_NAME = re.compile(rb" @topolab-measuring-(\d+)$", re.MULTILINE)


@contextmanager
def announced() -> Iterator[None]:
    """Let other runs see this one in their `others()` inside the block."""
    if not _LIST.exists():
        yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as name:
        # Fails if a process in another pid namespace has the same number: its name then already announces a run.
        with contextlib.suppress(OSError):
            name.bind(f"\0topolab-measuring-{os.getpid()}")
        yield


def others() -> tuple[int, ...]:
    """The process ids of the other runs that are measuring."""
    try:
        listed = _LIST.read_bytes()
    except OSError:
        return ()
    return tuple(sorted({int(number) for number in _NAME.findall(listed)} - {os.getpid()}))
