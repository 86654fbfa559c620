"""Runs a command to its end, with limits on time and output; if topolab is killed, so is the command."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from topolab.process.group import ProcessGroup, ProcessKeeper

_WATCH_S = 0.5


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a command: its exit code (None: killed at the time limit) and the end of its output."""

    code: int | None
    output: str


def run_command(
    keeper: ProcessKeeper,
    argv: Sequence[str],
    *,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    watch: Callable[[str], None] | None = None,
) -> Done:
    """Run `argv` with an empty standard input. Raises `OSError` if it cannot be started.

    While it runs, `watch` is called every half second with the output since the last call.
    """
    with tempfile.NamedTemporaryFile(dir=keeper.folder, prefix="command-", suffix=".log") as log:
        # In the user's working directory: a path in the environment, such as a certificate's, may be relative to it.
        group = keeper.start("command", argv, Path(log.name), env=env, cwd=Path.cwd())
        try:
            code = group.leader.wait(timeout_s) if watch is None else _watched(group, timeout_s, watch)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            keeper.end(group)
        return Done(code, group.log_tail())


def _watched(group: ProcessGroup, timeout_s: float, watch: Callable[[str], None]) -> int:
    """Wait for the leader's exit code. Raises `TimeoutExpired`."""
    deadline = time.monotonic() + timeout_s
    with group.log_path.open(encoding="utf-8", errors="replace", newline="\n") as log:
        while True:
            left_s = deadline - time.monotonic()
            try:
                return group.leader.wait(max(0.0, min(left_s, _WATCH_S)))
            except subprocess.TimeoutExpired:
                if left_s <= 0:
                    raise
            watch(log.read())
