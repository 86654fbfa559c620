"""Detects other runs that measure on this machine now, of any user: each holds a lock that the kernel lists.

The lock protects nothing. Its first byte says that a run measures, and its length says which process that is. The
kernel lists open file description locks (fcntl(2), proc_locks(5)) to every user and in every namespace, so runs in
containers are seen too, and drops them with their process, however that ends. Only Linux has this list. What has a
kernel of its own (a virtual machine, gVisor) sees only what is inside.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

GROUP_VARIABLE = "TOPOLAB_NEIGHBOURS"
"""Names the runs that notice each other; unset is a name too."""

_LIST = Path("/proc/locks")
_NAMESPACE = Path("/proc/self/ns/pid")
_LOCK = re.compile(rb"^\d+: OFDLCK .* (\d+) (\d+)$", re.MULTILINE)
_FLOCK = "hhqqi4x"  # struct flock: l_type, l_whence, l_start, l_len, l_pid
_START_BYTES = 7  # with the length still less than the greatest offset
_PID_BITS = 22  # PID_MAX_LIMIT is 2**22


@dataclass(frozen=True, order=True, slots=True)
class RunningProcess:
    """The process of a run that measures: its id in its own PID namespace, and that namespace's inode."""

    namespace: int
    pid: int

    def __str__(self) -> str:
        elsewhere = "" if self.namespace == _this_process().namespace else " of another PID namespace"
        return f"process {self.pid}{elsewhere}"


@contextmanager
def announced() -> Iterator[None]:
    """Let other runs see this one in their `others()` inside the block."""
    if not _LIST.exists():
        yield
        return
    this = _this_process()
    length = (this.namespace << _PID_BITS) + this.pid
    lock = struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, _start(), length, 0)
    # A pipe needs neither a writable folder nor a file system that supports locks, and what this process starts does
    # not inherit it.
    ends = os.pipe()
    try:
        # Refused by kernels before 3.15. A run is worth more than its announcement.
        with contextlib.suppress(OSError):
            fcntl.fcntl(ends[0], fcntl.F_OFD_SETLK, lock)
        yield
    finally:
        for end in ends:
            os.close(end)


def others() -> tuple[RunningProcess, ...]:
    """The processes of other runs that are measuring; empty if the kernel has no such list or hides it."""
    try:
        listed = _LIST.read_bytes()
    except (FileNotFoundError, PermissionError):
        return ()
    start = _start()
    ranges = ((int(first), int(last)) for first, last in _LOCK.findall(listed))
    found = {_process(last - first + 1) for first, last in ranges if first == start}
    return tuple(sorted(found - {_this_process()}))


class Watch:
    """Whether another run measured at any of the moments that `look` was called at, since the last `begin`."""

    def __init__(self) -> None:
        self._disturbed = False

    def begin(self) -> None:
        """Forget what was seen, and look."""
        self._disturbed = False
        self.look()

    def look(self) -> None:
        """Look once. It takes some 20 us, and no time once another run was seen."""
        self._disturbed = self._disturbed or bool(others())

    def disturbed(self) -> bool:
        """Look a last time, and say whether another run was seen since `begin`."""
        self.look()
        return self._disturbed


def _start() -> int:
    group = os.environ.get(GROUP_VARIABLE, "")
    digest = hashlib.blake2b(f"topolab is measuring {group}".encode(), digest_size=_START_BYTES)
    return int.from_bytes(digest.digest(), "big")


def _this_process() -> RunningProcess:
    # Kernels can be built without namespaces.
    return RunningProcess(_NAMESPACE.stat().st_ino if _NAMESPACE.exists() else 0, os.getpid())


def _process(length: int) -> RunningProcess:
    return RunningProcess(length >> _PID_BITS, length & ((1 << _PID_BITS) - 1))
