"""A run that measures is seen by every other on the machine, wherever it runs, for as long as it measures."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from topolab.process import neighbours
from topolab.process.neighbours import GROUP_VARIABLE, RunningProcess, Watch, announced, others

pytestmark = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux lists locks")

PATHS = f"import sys\nsys.path[:0] = {sys.path!r}\nfrom topolab.process.neighbours import *\n"
# Another run: it measures until it reads a line, then waits for another.
RUN = f"{PATHS}with announced(): print(flush=True); sys.stdin.readline()\nprint(flush=True); sys.stdin.readline()"
LOOK = f"{PATHS}print(*others(), sep=', ')"
NAMESPACES = ("unshare", "--net", "--ipc", "--uts", "--mount", "--pid", "--fork", "--mount-proc")
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"),
    reason="other namespaces and users take root, unshare and setpriv",
)


@contextmanager
def other_run(*before: str, code: str = RUN, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Another run that is measuring, started by the words `before`."""
    argv = [*before, sys.executable, "-c", code]
    env = {**os.environ, **variables}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            answer(process)
            yield process
        finally:
            process.kill()


def answer(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().endswith("\n")


def ends_measuring(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    answer(process)


def seen_by(*before: str, **variables: str) -> str:
    """What another process, started by the words `before`, sees."""
    argv = [*before, sys.executable, "-c", LOOK]
    done = subprocess.run(argv, env={**os.environ, **variables}, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_labs_are_seen_while_they_measure() -> None:
    assert others() == ()
    with other_run() as first, other_run() as second:
        here = Path("/proc/self/ns/pid").stat().st_ino
        assert others() == tuple(sorted(RunningProcess(here, process.pid) for process in (first, second)))
        ends_measuring(first)
        assert others() == (RunningProcess(here, second.pid),)
        ends_measuring(second)
        assert others() == ()


def test_a_lab_does_not_see_itself() -> None:
    with announced():
        assert others() == ()
        assert seen_by() == f"process {os.getpid()}"
    assert seen_by() == ""


def test_a_killed_lab_is_not_seen() -> None:
    with other_run() as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert others() == ()


def test_what_a_lab_started_does_not_measure_for_it() -> None:
    code = RUN.replace("print(", "sleep = __import__('subprocess').Popen(['sleep', '600']); print(sleep.pid, ", 1)
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            assert [other.pid for other in others()] == [process.pid]
            process.kill()
            process.wait()
            assert others() == ()
        finally:
            os.kill(child, signal.SIGKILL)


@needs_root
def test_labs_in_other_namespaces_see_each_other() -> None:
    with announced():
        assert seen_by(*NAMESPACES) == f"process {os.getpid()} of another PID namespace"
    with other_run(*NAMESPACES):
        assert [str(other) for other in others()] == ["process 1 of another PID namespace"]
        assert seen_by(*NAMESPACES) == "process 1 of another PID namespace"


@needs_root
def test_labs_of_other_users_see_each_other() -> None:
    stranger = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    with announced():
        assert seen_by(*stranger) == f"process {os.getpid()}"
    with other_run(*stranger) as process:
        assert [other.pid for other in others()] == [process.pid]


def test_labs_with_other_temporary_folders_see_each_other(tmp_path: Path) -> None:
    with other_run(TMPDIR=str(tmp_path), HOME=str(tmp_path)) as process:
        assert [other.pid for other in others()] == [process.pid]
        assert list(tmp_path.iterdir()) == []


def test_labs_of_another_group_are_not_seen() -> None:
    with other_run(**{GROUP_VARIABLE: "eggs"}) as process:
        assert others() == ()
        assert seen_by(**{GROUP_VARIABLE: "eggs"}) == f"process {process.pid}"


def test_a_watch_keeps_what_was_seen_until_it_begins_again() -> None:
    watch = Watch()
    watch.begin()
    assert not watch.disturbed()
    with other_run():
        watch.look()
    assert others() == ()
    assert watch.disturbed()
    watch.begin()
    assert not watch.disturbed()


def test_a_watch_looks_when_it_begins_and_when_it_ends() -> None:
    watch = Watch()
    with other_run():
        watch.begin()
    assert watch.disturbed()
    watch.begin()
    with other_run():
        assert watch.disturbed()


def test_without_the_kernels_list_labs_measure_and_see_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(neighbours, "_LIST", tmp_path / "locks")
    with announced(), other_run():
        assert others() == ()
        assert seen_by().count("process") == 1


def test_where_the_kernel_refuses_the_lock_a_lab_measures_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    # Kernels before 3.15 know no such command.
    monkeypatch.setattr(fcntl, "F_OFD_SETLK", 99)
    with announced():
        assert seen_by() == ""
