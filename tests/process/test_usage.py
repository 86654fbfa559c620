"""The usage of process groups: only their own processes, and sums only of known values."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from topolab.model.outcome import GroupUsage
from topolab.process.usage import counters_available, group_usage, members, usage_sum

CUT_NAME = "import ctypes, time; ctypes.CDLL(None).prctl(15, b'process-name-t\\xc3'); print(flush=True); time.sleep(60)"
HIDDEN = "import os, topolab.process.usage as usage; print(os.getpid() in usage.members(os.getpgrp()))"
needs_counters = pytest.mark.skipif(not counters_available(), reason="needs the kernel's /proc")
needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"),
    reason="mounting another /proc takes root, unshare and setpriv",
)


@contextmanager
def running(*argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has printed a line; it is killed at the end."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()


@needs_counters
def test_a_process_with_a_truncated_character_in_its_name_is_counted() -> None:
    with running(sys.executable, "-c", CUT_NAME) as process:
        assert {os.getpid(), process.pid} <= set(members(os.getpgrp()))
        usage = group_usage(os.getpgrp())
    assert usage is not None
    assert usage.memory_peak_bytes


@needs_counters
@needs_namespaces
@pytest.mark.parametrize("hidden", ["1", "2"])
def test_unreadable_processes_are_ignored(hidden: str) -> None:
    stranger = ("setpriv", "--reuid=65534", "--clear-groups", "sh", "-c", "echo; exec sleep 60")
    without_privilege = ("setpriv", "--regid=65534", "--clear-groups", "--bounding-set=-sys_ptrace")
    with running(*stranger):
        done = subprocess.run(
            [
                *("unshare", "--mount", "sh", "-c"),
                f'mount -t proc -o hidepid={hidden} none /proc && exec "$@"',
                *("sh", *without_privilege, sys.executable, "-c", HIDDEN),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("True\n", "")


def used(cpu_s: float, memory_peak_bytes: int | None) -> GroupUsage:
    return GroupUsage(cpu_s=cpu_s, memory_peak_bytes=memory_peak_bytes)


@pytest.mark.parametrize(
    ("parts", "together"),
    [
        ([used(1.5, 10)], used(1.5, 10)),
        ([used(1.5, 10), used(0.25, 0), used(2.0, 5)], used(3.75, 15)),
        ([used(1.5, 10), used(0.25, None)], used(1.75, None)),
        ([used(1.5, 10), None], None),
        ([None], None),
    ],
)
def test_several_groups_are_counted_as_one(parts: list[GroupUsage | None], together: GroupUsage | None) -> None:
    assert usage_sum(parts) == together
