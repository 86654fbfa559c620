"""A child process in this process's own group: killing the group kills both, and the child never outlives its user."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from topolab.process.usage import members

_POLITE_S = 5.0
_POLL_S = 0.005


class InnerProcess:
    """A program that a load worker drives. Its output goes to `log_path`.

    A context manager. The caller asks the program to end, by its own means. On exit, whatever still runs, including
    what the program started, has a few seconds to end and is then killed; after an error it is killed at once.
    """

    def __init__(self, argv: Sequence[str], log_path: Path) -> None:
        self._log_path = log_path
        self._others = set(members(os.getpgrp()))
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self) -> InnerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        deadline = time.monotonic() + (_POLITE_S if kind is None else 0.0)
        while self._left() and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        while left := self._left():
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(_POLL_S)

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def log(self) -> str:
        """The output so far."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def _left(self) -> set[int]:
        """The processes still running. The program may be a script that ends before what it started.

        If this process leads its group, everything new in the group counts, because nothing else starts processes
        there. Otherwise only the program itself counts.
        """
        own = set() if self.ended else {self._process.pid}
        if os.getpgrp() != os.getpid():
            return own
        return own | (set(members(os.getpgrp())) - self._others)
