"""A tool that a load worker runs with a time limit, in the worker's process group so that both end together."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from topolab.process.lines import LineReader, LostError
from topolab.process.usage import process_cpu_s


@dataclass(frozen=True, slots=True)
class Ran:
    """The result of a tool's run: exit code (None: killed at the deadline), complete output, and time used.

    `cpu_s` and `wall_s` are counted from the last `restart_counting`, or from the start.
    """

    code: int | None
    output: str
    cpu_s: float
    wall_s: float


class Child:
    """A running tool. The caller must run it to its end with `run`, which reads both output streams."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        writable: bool = False,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """If `writable`, its standard input is a pipe for `write_line`; otherwise it is empty."""
        self._used_before_s = _waited_children_cpu_s()
        stdin = subprocess.PIPE if writable else subprocess.DEVNULL
        self._process = subprocess.Popen(
            argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd, env=env
        )
        self._counting_since = time.monotonic()
        self._uncounted_cpu_s = 0.0

    def restart_counting(self) -> None:
        """Restart the counts, at the end of a warm-up. Without kernel counters, CPU is still counted from the start."""
        self._counting_since = time.monotonic()
        self._uncounted_cpu_s = process_cpu_s(self._process.pid) or 0.0

    def write_line(self, line: str) -> None:
        """Write a line to its standard input; does nothing if the tool has ended."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()

    def run(self, deadline: float, on_line: Callable[[str], None]) -> Ran:
        """Pass each line to `on_line` until the tool ends. Kill it at `deadline`, on the monotonic clock."""
        written: list[str] = []
        code: int | None = None
        with self._process as process:
            reader = LineReader(process.stdout.fileno() if process.stdout else -1)
            try:
                with contextlib.suppress(LostError):
                    while time.monotonic() < deadline:
                        line = reader.line(deadline)
                        written.append(f"{line}\n")
                        on_line(line)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    code = process.wait(max(0.0, deadline - time.monotonic()))
            finally:
                wall_s = time.monotonic() - self._counting_since
                process.kill()  # does nothing once the process has been waited for
        cpu_s = _waited_children_cpu_s() - self._used_before_s - self._uncounted_cpu_s
        return Ran(code, "".join([*written, reader.rest]), cpu_s, wall_s)


ENDED_WELL = "ended with exit code 0"


def ending_of(code: int) -> str:
    """Describe an exit code in words; a negative one is the signal that ended the process."""
    return f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"


def _waited_children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
