"""Running a command to its end or deadline, with its output and without leftovers."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from topolab.process.command import Done, run_command
from topolab.process.group import ProcessKeeper
from topolab.process.usage import counters_available, members

LONG_S = 60.0


@pytest.fixture
def keeper() -> Iterator[ProcessKeeper]:
    with ProcessKeeper() as keeper:
        yield keeper


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "did not come about within 10 s"
        time.sleep(0.01)


def test_a_command_returns_its_exit_code_and_both_streams_in_order(keeper: ProcessKeeper) -> None:
    code = "import os; [os.write(n, b'%d' % n) for n in (1, 2, 1)]; raise SystemExit(3)"
    assert run_command(keeper, python(code), timeout_s=LONG_S) == Done(3, "121")


def test_a_command_that_writes_nothing_has_empty_output(keeper: ProcessKeeper) -> None:
    assert run_command(keeper, python(""), timeout_s=LONG_S) == Done(0, "")


def test_a_command_ended_by_a_signal_returns_its_negative_number(keeper: ProcessKeeper) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run_command(keeper, python(code), timeout_s=LONG_S) == Done(-signal.SIGKILL, "")


def test_standard_input_is_empty(keeper: ProcessKeeper) -> None:
    code = "import sys; print(repr(sys.stdin.read()))"
    assert run_command(keeper, python(code), timeout_s=LONG_S) == Done(0, "''")


def test_a_command_gets_only_the_given_environment(keeper: ProcessKeeper) -> None:
    code = "import os; print(os.environ.get('SPAM'), os.environ.get('HOME'))"
    assert run_command(keeper, python(code), timeout_s=LONG_S, env={"SPAM": "fried"}) == Done(0, "fried None")


def test_the_end_of_long_output_is_kept(keeper: ProcessKeeper) -> None:
    done = run_command(keeper, python("print('x' * 1_000_000); print('the end')"), timeout_s=LONG_S)
    assert (done.code, len(done.output) <= 4_000, done.output[-9:]) == (0, True, "x\nthe end")


def test_a_command_that_takes_too_long_is_ended_with_its_children(keeper: ProcessKeeper, tmp_path: Path) -> None:
    started = tmp_path / "pid"
    code = f"""
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("spam", flush=True)
child = os.fork()
if child: open({str(started)!r}, "w").write(str(os.getpid()))
time.sleep(600)
"""
    # A second is usually enough for it to start; the test repeats until it was.
    for limit_s in (1.0, 5.0, 30.0):
        done = run_command(keeper, python(code), timeout_s=limit_s)
        if started.exists() and started.read_text():
            break
    assert done == Done(None, "spam")
    if counters_available():
        assert members(int(started.read_text())) == []


@pytest.mark.skipif(not counters_available(), reason="needs the kernel's /proc")
def test_children_that_outlive_a_command_are_ended(keeper: ProcessKeeper) -> None:
    code = "import os, time; print(os.getpid(), flush=True)\nif os.fork() == 0: time.sleep(600)"
    done = run_command(keeper, python(code), timeout_s=LONG_S)
    assert (done.code, members(int(done.output))) == (0, [])


def test_a_command_leaves_no_log(keeper: ProcessKeeper) -> None:
    run_command(keeper, python("print('spam')"), timeout_s=LONG_S)
    assert list(keeper.folder.glob("command-*")) == []


def test_a_command_that_cannot_be_started_raises_oserror(keeper: ProcessKeeper) -> None:
    with pytest.raises(FileNotFoundError):
        run_command(keeper, ["/no/such/command"], timeout_s=LONG_S)
    assert list(keeper.folder.glob("command-*")) == []


@pytest.mark.skipif(not counters_available(), reason="needs the kernel's /proc")
def test_a_command_ends_when_the_lab_is_killed(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    code = f"import os, time; open({str(started)!r}, 'w').write(str(os.getpid()) + '\\n'); time.sleep(600)"
    lab = f"""
import sys
sys.path[:0] = {sys.path!r}
from topolab.process.command import run_command
from topolab.process.group import ProcessKeeper
run_command(ProcessKeeper(), [sys.executable, "-c", {code!r}], timeout_s=600)
"""
    with subprocess.Popen(python(lab)) as process:
        wait_until(lambda: started.exists() and started.read_text().endswith("\n"))
        process.kill()
    wait_until(lambda: not members(int(started.read_text())))


def test_a_running_commands_output_can_be_watched(keeper: ProcessKeeper) -> None:
    code = "import sys, time; print('späm', flush=True); sys.stdin.read(); time.sleep(1.2); print('end')"
    seen: list[str] = []
    done = run_command(keeper, python(code), timeout_s=LONG_S, watch=seen.append)
    assert (done, "".join(seen)) == (Done(0, "späm\nend"), "späm\n")
    assert len(seen) > 1


def test_a_watched_command_that_takes_too_long_is_ended(keeper: ProcessKeeper) -> None:
    assert run_command(keeper, ["sleep", "60"], timeout_s=0.7, watch=lambda text: None).code is None  # noqa: ARG005
