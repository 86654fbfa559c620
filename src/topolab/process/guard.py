"""Cleans up after topolab, however it ends: outlives it by a moment, which begins when standard input ends.

Run by path with the interpreter's `-I -S`, so it imports only the standard library. Its arguments are topolab's
temporary folder and the keeper's mark. Its input lines are `+PGID` when a group starts, `-PGID` when topolab has ended
it, `!ARGV` (JSON) for a command to run after topolab's end, and `.ARGV` to take that back. This ends the servers and
removes the run's key after a `kill -9` of topolab.

A daemon leaves its group and its session, closes its files and may overwrite its environment, but it keeps its resource
limits: every child and every program inherits them. So each group has a mark, which is a value of the soft limit on a
real-time process's CPU time, RLIMIT_RTTIME. It is more than 146,000 years, so it limits nothing. See getrlimit(2) and
proc_pid_limits(5).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Container
from pathlib import Path

_INERT_US = 1 << 62
_KEEPER_BYTES = 4
_GROUP_BITS = 28
_LIMIT = re.compile(rb"^Max realtime timeout +([0-9]+) ", re.MULTILINE)
_COMMAND_LIMIT_S = 180.0
_REMOVAL_LIMIT_S = 5.0
_POLL_S = 0.02


def main() -> None:
    """Read lines until standard input ends, then kill the groups still listed and remove the folder."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    commands: dict[str, None] = {}
    for line in sys.stdin:
        match line[0]:
            case "+":
                groups.add(int(line[1:]))
            case "-":
                groups.discard(int(line[1:]))
            case "!":
                commands[line[1:]] = None
            case _:
                commands.pop(line[1:], None)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    end_marked(keeper_of(int(sys.argv[2])))
    for command in commands:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(json.loads(command), stdin=subprocess.DEVNULL, timeout=_COMMAND_LIMIT_S, check=False)
    deadline = time.monotonic() + _REMOVAL_LIMIT_S
    while Path(sys.argv[1]).exists() and time.monotonic() < deadline:  # topolab may have removed it
        shutil.rmtree(sys.argv[1], ignore_errors=True)  # a dying process may still write into it
        time.sleep(_POLL_S)


def new_mark() -> int:
    """A mark for a keeper; its groups have the marks that follow it, one each."""
    return _INERT_US + (int.from_bytes(os.urandom(_KEEPER_BYTES), "little") << _GROUP_BITS)


def keeper_of(mark: int) -> range:
    """All marks of the keeper that `mark` belongs to, its own first."""
    first = mark >> _GROUP_BITS << _GROUP_BITS
    return range(first, first + (1 << _GROUP_BITS))


def put_mark(mark: int) -> None:
    """Mark this process and all that it will start; called in a child before it becomes its program.

    Does nothing where the system has no such limit or sets a lower one itself.
    """
    with contextlib.suppress(AttributeError, ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_RTTIME, (mark, resource.getrlimit(resource.RLIMIT_RTTIME)[1]))


def marked(marks: Container[int]) -> list[int]:
    """The running processes with one of these marks, in whatever group and session. Empty without Linux's /proc."""
    # One look can miss a daemon between its two forks: the child is not listed yet, and its parent is gone when asked.
    return _seen(marks) or _seen(marks)


def end_marked(marks: Container[int]) -> None:
    """Kill the processes with one of these marks, and what they start meanwhile."""
    deadline = time.monotonic() + _REMOVAL_LIMIT_S
    while (found := marked(marks)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_S)


def _seen(marks: Container[int]) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            limit = _LIMIT.search((process / "limits").read_bytes())
            if limit and int(limit[1]) in marks and _runs(process):
                found.append(int(process.name))
        except OSError:
            continue  # it has ended, or belongs to another user and is hidden
    return found


def _runs(process: Path) -> bool:
    """Whether it is more than a zombie; the state follows the name, which may hold any byte."""
    return (process / "stat").read_bytes().rpartition(b")")[2].split()[0] not in {b"Z", b"X"}


if __name__ == "__main__":
    main()
