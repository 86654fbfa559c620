"""Two runs at once on one machine are reported at the start and in each observation that was disturbed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.command import SCRIPT, environment, run_matrix
from support.matrices import matrix_file
from support.runs import observed, only_run
from support.waiting import until
from topolab.process.neighbours import announced
from topolab.store import Store

CELL = ("--only", "server=granian-asgi", "--only", "topology=alb", "--only", "protocol=h2", "--backend", "local")
SMALL = ("--matrix", "smoke", *CELL)
ELSEWHERE = ("unshare", "--net", "--ipc", "--uts", "--mount", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
PLACES = [
    pytest.param((), id="in the same namespaces"),
    pytest.param(
        ELSEWHERE,
        id="in other namespaces",
        marks=pytest.mark.skipif(
            os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"),
            reason="namespaces of one's own take root, unshare and ip",
        ),
    ),
]
pytestmark = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux lists locks")


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run, interrupted at the end of the block unless it is over."""
    argv = [*SCRIPT, *arguments]
    with subprocess.Popen(argv, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        try:
            yield run
        finally:
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=30)


def disturbed(out: Path) -> list[bool]:
    with Store.open(only_run(out)) as store:
        return [observation.disturbed for observation in store.observations()]


@pytest.mark.parametrize("place", PLACES)
def test_a_run_that_starts_in_the_middle_of_another_marks_both(place: tuple[str, ...], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with started(*SMALL, "--rounds", "200", "--out", str(one)) as first:
        until(lambda: observed(one), first)
        argv = [*place, *SCRIPT, *SMALL, "--rounds", "2", "--quiet", "--out", str(two)]
        second = subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=120, check=False)
        assert second.returncode == 0, second.stderr
        # One visit may have begun before the second run ended; the next has not.
        count = len(observed(one))
        until(lambda: len(observed(one)) >= count + 2, first)
    line = f"another topolab run (process {first.pid}) is measuring on this machine: each slows the other down\n"
    assert second.stderr == line
    assert disturbed(two) == [True, True]
    marks = "".join("&" if mark else "." for mark in disturbed(one))
    assert re.fullmatch(r"\.+&+\.+", marks)
    assert "disturbed: another topolab run was measuring" in (only_run(one) / "report.md").read_text()


def test_a_run_that_lasts_only_a_part_of_a_visit_marks_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    longer_than_a_small_run = matrix_file(tmp_path / "long.toml", topologies=["alb"], profiles=["ceiling-long"])
    with started("--matrix", longer_than_a_small_run, "--backend", "local", "--out", str(out)) as run:
        assert run.stderr is not None
        until(lambda: "[1/1] round 1, " in str(run.stderr and run.stderr.readline()), run)
        with announced():
            time.sleep(4)
        assert observed(out) == []
        until(lambda: observed(out), run)
    assert disturbed(out) == [True]


def test_a_run_alone_says_nothing_of_others(tmp_path: Path) -> None:
    done = run_matrix(*SMALL, "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "another topolab run" not in done.stderr
    assert disturbed(tmp_path) == [False]
