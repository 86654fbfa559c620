"""A process within a worker's group ends when the worker is done with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from topolab.process.usage import counters_available, members

# A worker that runs a script, which ends before its own child.
_WORKER = """
import sys
from pathlib import Path
from topolab.process.inner import InnerProcess
folder = Path(sys.argv[1])
script = f"sleep 600 & echo $! > {{folder}}/pid; echo spam; mv {{folder}}/pid {{folder}}/started{{sys.argv[2]}}"
with InnerProcess(["sh", "-c", script], folder / "log") as process:
    while not (folder / "started").exists(): pass
    {0}
print(process.log(), end="")
"""
pytestmark = pytest.mark.skipif(not counters_available(), reason="needs the kernel's /proc")


def worker(folder: Path, code: str, *, then: str = "; wait") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WORKER.format(code), str(folder), then],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def started(folder: Path) -> int:
    wait_until((folder / "started").exists)
    return int((folder / "started").read_text())


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "did not come about within 20 s"
        time.sleep(0.01)


@pytest.mark.parametrize("then", ["; wait", "; exit"])
def test_an_error_ends_the_process_and_its_children(tmp_path: Path, then: str) -> None:
    with worker(tmp_path, "raise RuntimeError", then=then) as process:
        assert process.wait(20) == 1
    assert not running(started(tmp_path))


def test_a_process_that_ends_by_itself_is_waited_for_and_its_output_kept(tmp_path: Path) -> None:
    with worker(tmp_path, "import os; os.kill(int((folder / 'started').read_text()), 9)") as process:
        assert process.communicate(timeout=20)[0] == "spam\n"
        assert process.returncode == 0


def test_a_process_that_does_not_end_is_killed(tmp_path: Path) -> None:
    with worker(tmp_path, "import topolab.process.inner as inner; inner._POLITE_S = 0.1") as process:
        assert process.wait(20) == 0
    assert not running(started(tmp_path))


def test_the_process_ends_with_the_workers_group(tmp_path: Path) -> None:
    with worker(tmp_path, "import time; time.sleep(600)") as process:
        pid = started(tmp_path)
        assert pid in members(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
    wait_until(lambda: not running(pid))
