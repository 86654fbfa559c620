"""Other labs that measure on this machine now, whoever runs them: each holds a name that the kernel lists.

The name is that of an abstract unix socket (unix(7)): it needs no file, belongs to no user, and goes with its process
however that ends. It is Linux's alone, and what runs in another network namespace is not seen.
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
    """Be one of the `others` that other labs see, until the end."""
    if not _LIST.exists():
        yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as name:
        # Refused where a process of another pid namespace has this number: then its name says that one measures here.
        with contextlib.suppress(OSError):
            name.bind(f"\0topolab-measuring-{os.getpid()}")
        yield


def others() -> tuple[int, ...]:
    """The process ids of the other labs that are measuring."""
    try:
        listed = _LIST.read_bytes()
    except OSError:
        return ()
    return tuple(sorted({int(number) for number in _NAME.findall(listed)} - {os.getpid()}))
