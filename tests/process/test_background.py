"""Background programs are found and ended, even if topolab is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.waiting import until
from topolab.process.group import ProcessKeeper
from topolab.process.usage import counters_available

pytestmark = pytest.mark.skipif(not counters_available(), reason="needs the kernel's /proc")

# Like gunicorn --daemon: two forks, a new session, all descriptors closed. And like setproctitle and nginx: the
# environment is overwritten, here by a program that starts without one.
DAEMON = """
import os, sys, time
if 'PATH' in os.environ: os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {})
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.closerange(0, 100)
with open(sys.argv[1] + ".new", "w") as file: file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""
LAB = f"""
import sys, time
from pathlib import Path
sys.path[:0] = {sys.path!r}
from topolab.process.group import ProcessKeeper
keeper = ProcessKeeper()
argv = [sys.executable, "-c", {DAEMON!r}, sys.argv[1] + "/pid"]
group = keeper.start("daemon", argv, Path(sys.argv[1]) / "log")
while not Path(sys.argv[1], "pid").exists(): time.sleep(0.01)
print(flush=True)
time.sleep(600)
"""


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def test_a_background_program_is_found_and_ended_with_its_group(tmp_path: Path) -> None:
    with ProcessKeeper() as keeper:
        group = keeper.start("daemon", [sys.executable, "-c", DAEMON, str(tmp_path / "pid")], tmp_path / "log")
        other = keeper.start("other", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "other")
        until((tmp_path / "pid").exists)
        pid = int((tmp_path / "pid").read_text())
        until(lambda: group.exit_code() is not None)
        assert (runs(pid), group.in_background(), other.in_background()) == (True, True, False)
        keeper.end(group)
        assert (runs(pid), runs(other.pgid)) == (False, True)


def test_a_program_that_ends_is_not_in_the_background(tmp_path: Path) -> None:
    with ProcessKeeper() as keeper:
        group = keeper.start("short", [sys.executable, "-c", ""], tmp_path / "log")
        until(lambda: group.exit_code() is not None)
        assert not group.in_background()


def test_a_background_program_ends_when_the_lab_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", LAB, str(tmp_path)], stdout=subprocess.PIPE) as lab:
        assert lab.stdout is not None
        lab.stdout.readline()
        pid = int((tmp_path / "pid").read_text())
        assert runs(pid)
        lab.send_signal(signal.SIGKILL)
    until(lambda: not runs(pid))
