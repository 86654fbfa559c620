"""The only place that starts processes: each in a group of its own, logged to a file, ended as a whole."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from topolab.process import guard
from topolab.process.cpus import pinned
from topolab.process.uninterrupted import uninterrupted
from topolab.process.usage import members

_LOG_TAIL_BYTES = 4_000
_END_DEADLINE_S = 3.0
_POLL_S = 0.002
_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None) if platform.system() == "Linux" else None


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """A started process and whatever it starts in turn; both standard streams go to `log_path`."""

    name: str
    leader: subprocess.Popen[bytes]
    log_path: Path
    argv: tuple[str, ...]
    mark: int
    """The mark of all that it starts, and of nothing else: see `guard`."""

    @property
    def pgid(self) -> int:
        """The group's id, which is its leader's process id."""
        return self.leader.pid

    def exit_code(self) -> int | None:
        """The leader's exit code (negative: the signal that ended it), or None while it runs."""
        return self.leader.poll()

    def in_background(self) -> bool:
        """Whether it has ended as if all were well, and what it started runs on, as a daemon does."""
        return self.exit_code() == 0 and bool(guard.marked({self.mark}))

    def log_tail(self, since: int = 0) -> str:
        """The last few kilobytes it wrote, from the byte `since` of the log on."""
        with self.log_path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(since, log.tell() - _LOG_TAIL_BYTES))
            return log.read().decode("utf-8", "replace").strip()


class ProcessKeeper:
    """Starts process groups and ensures that none is left, even if topolab itself is killed.

    A context manager: leaving it ends every group still running and removes `folder`, which holds the files that the
    groups need while they run.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="topolab-"))
        self._nowhere = self.folder / "nowhere"
        self._nowhere.mkdir(mode=0o555)
        self._groups: dict[int, ProcessGroup] = {}
        self._mark = guard.new_mark()
        self._started = 0
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, str(self.folder), str(self._mark)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> ProcessKeeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_all()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._guard.stdin:
            self._guard.stdin.close()
        self._guard.wait()

    def start(
        self,
        name: str,
        argv: Sequence[str],
        log_path: Path,
        *,
        cpus: frozenset[int] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        pipes: bool = False,
    ) -> ProcessGroup:
        """Start `argv` in its own group, on `cpus` if the system can pin, logging to `log_path`.

        Its working directory is `cwd`, or an empty one: many programs import from the folder they start in, and a
        user's `selectors.py` must not become part of a server. With `pipes`, standard input and output are pipes to
        topolab, and only standard error is logged.
        """
        group: ProcessGroup | None = None
        self._started += 1
        mark = self._mark + self._started
        try:
            with log_path.open("ab") as log, pinned(cpus), uninterrupted():
                leader = subprocess.Popen(
                    argv,
                    stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                    stdout=subprocess.PIPE if pipes else log,
                    stderr=log,
                    env=env,
                    cwd=cwd or self._nowhere,
                    start_new_session=True,
                    preexec_fn=functools.partial(_prepare, mark),  # noqa: PLW1509 - topolab has one thread
                )
                group = ProcessGroup(name, leader, log_path, tuple(argv), mark)
                self._groups[group.pgid] = group
                self._tell_guard(f"+{leader.pid}")
        except KeyboardInterrupt:
            if group is not None:
                self.end(group)
            raise
        return group

    def end(self, group: ProcessGroup) -> None:
        """Kill the whole group and every process that has left it, and wait until none of them runs.

        SIGKILL at once: a stack is thrown away after its cell and has nothing to flush, and the graceful stops of a
        dozen servers take between 0.1 and 5 s each, which would be topolab's own time.
        """
        _kill(group.pgid)
        group.leader.wait()
        for pipe in (group.leader.stdin, group.leader.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        deadline = time.monotonic() + _END_DEADLINE_S
        while members(group.pgid) and time.monotonic() < deadline:
            _kill(group.pgid)
            time.sleep(_POLL_S)
        guard.end_marked({group.mark})
        if not members(group.pgid):  # otherwise it stays on the guard's list
            self._tell_guard(f"-{group.pgid}")
        self._groups.pop(group.pgid, None)

    def end_all(self) -> None:
        """Kill every group that still runs."""
        for group in list(self._groups.values()):
            self.end(group)

    @property
    def marks(self) -> range:
        """The marks of all that it starts."""
        return guard.keeper_of(self._mark)

    def when_killed(self, argv: Sequence[str]) -> None:
        """Have `argv` run if topolab ends before `not_needed_when_killed`: it cleans up more than processes."""
        self._tell_guard(f"!{json.dumps(list(argv))}")

    def not_needed_when_killed(self, argv: Sequence[str]) -> None:
        """Take `when_killed` back: topolab has cleaned up itself."""
        self._tell_guard(f".{json.dumps(list(argv))}")

    def _tell_guard(self, line: str) -> None:
        if self._guard.stdin:
            self._guard.stdin.write(f"{line}\n".encode())
            self._guard.stdin.flush()


def _prepare(mark: int) -> None:
    """Mark a child before it becomes its program, and have Linux kill it when topolab ends.

    That covers the time before the guard knows about the group. Linux does not kill what the child starts in turn, but
    the guard knows by then.
    """
    guard.put_mark(mark)
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def _kill(pgid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(pgid, signal.SIGKILL)
