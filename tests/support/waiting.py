"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

DEADLINE_S = 120.0

SMALL = ("--matrix", "smoke", "--only", "server=granian-asgi", "--only", "protocol=h2", "--rounds", "50")


def until(happened: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)
