"""Interrupts wait until an uninterruptible stretch ends, and no started process is lost."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from topolab.process import group as group_module
from topolab.process.group import ProcessKeeper
from topolab.process.uninterrupted import interrupt, uninterrupted
from topolab.process.usage import members


def test_an_interrupt_outside_a_stretch_is_raised_at_once() -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_an_interrupt_inside_a_stretch_is_raised_once_at_the_outermost_end() -> None:
    done = []

    def stretch() -> None:
        with uninterrupted():
            with uninterrupted():
                interrupt()
                interrupt()
                done.append("inner")
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        stretch()
    assert done == ["inner", "outer"]
    with uninterrupted():
        done.append("later")
    assert done[-1] == "later"


def test_a_process_interrupted_during_its_start_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    start = subprocess.Popen

    def interrupted_start(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        leader: subprocess.Popen[bytes] = start(*arguments, **options)  # type: ignore[call-overload]
        started.append(leader.pid)
        interrupt()  # the signal comes when the process exists but is not yet known
        return leader

    with ProcessKeeper() as keeper:
        monkeypatch.setattr(group_module.subprocess, "Popen", interrupted_start)
        with pytest.raises(KeyboardInterrupt):
            keeper.start("idle", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "log")
        monkeypatch.undo()
        assert [members(pid) for pid in started] == [[]]


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux tells a child of its parent's end")
def test_a_process_starting_when_the_lab_is_killed_ends_with_it(tmp_path: Path) -> None:
    # As above, but topolab is killed outright, before its guard knows the process.
    lab = f"""
import os, signal, subprocess, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from topolab.process import group
start = subprocess.Popen
keeper = group.ProcessKeeper()
def killed_at_start(*arguments, **options):
    leader = start(*arguments, **options)
    print(leader.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
group.subprocess.Popen = killed_at_start
keeper.start("idle", [sys.executable, "-c", "import time; time.sleep(600)"], Path({str(tmp_path / "log")!r}))
"""
    with subprocess.Popen([sys.executable, "-c", lab], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
    deadline = time.monotonic() + 10
    while members(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
