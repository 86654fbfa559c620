"""A process that belongs to this one: in its group, so that whoever kills the group kills both, and ended before it."""

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
    """A program that a load worker drives; all it writes goes to `log_path`.

    A context manager: at its end the process was told to end by other means, or is killed, with what it started.
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
        """Whether it is over."""
        return self._process.poll() is not None

    def log(self) -> str:
        """What it has written."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def _left(self) -> set[int]:
        """Those of its processes that run. It may be a script that ends before what it started.

        By the group, where that is this process's alone: nobody else starts anything in it. Elsewhere its own only.
        """
        own = set() if self.ended else {self._process.pid}
        if os.getpgrp() != os.getpid():
            return own
        return own | (set(members(os.getpgrp())) - self._others)
