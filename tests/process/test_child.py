"""Running a tool to its end or deadline, with its output in order and its CPU time."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from topolab.process.child import Child, Ran, ending_of
from topolab.process.usage import counters_available

SPIN = "import time\nuntil = time.process_time() + {0}\nwhile time.process_time() < until: pass\n"


def soon() -> float:
    """A deadline that is never reached."""
    return time.monotonic() + 60


def run(code: str, deadline: float | None = None) -> tuple[Ran, list[str]]:
    """The result of running some Python code, and the lines passed on while it ran."""
    lines: list[str] = []
    child = Child([sys.executable, "-c", code])
    return child.run(soon() if deadline is None else deadline, lines.append), lines


def test_both_streams_are_read_in_order_with_the_exit_code() -> None:
    ran, lines = run("import os; [os.write(n, b'%d\\n' % n) for n in (1, 2, 1)]; raise SystemExit(3)")
    assert (ran.code, ran.output, lines) == (3, "1\n2\n1\n", ["1", "2", "1"])


def test_a_last_line_without_a_newline_is_read() -> None:
    ran, lines = run("print('spam'); print('eg', end='', flush=True); print('gs', end='')")
    assert (ran.code, ran.output, lines) == (0, "spam\neggs", ["spam"])


def test_a_tool_that_writes_nothing_has_empty_output() -> None:
    ran, lines = run("")
    assert (ran.code, ran.output, lines) == (0, "", [])


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert run("import os; os.write(1, b'sp\\xffm\\n')")[0].output == "sp\ufffdm\n"


def test_output_larger_than_a_pipes_buffer_is_read_whole() -> None:
    ran, lines = run("for n in range(100_000): print(n)")
    assert (ran.code, lines) == (0, [str(n) for n in range(100_000)])


def test_a_tools_standard_input_is_empty() -> None:
    assert run("import sys; print(repr(sys.stdin.read()))")[0].output == "''\n"


def test_lines_are_passed_on_while_the_tool_runs(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    code = f"""
import pathlib, time
print("waiting", flush=True)
while not pathlib.Path({str(go_on)!r}).exists(): time.sleep(0.01)
print("went on")
"""
    ran = Child([sys.executable, "-c", code]).run(soon(), lambda _line: go_on.touch())
    assert (ran.code, ran.output) == (0, "waiting\nwent on\n")


def test_a_tool_ended_by_a_signal_returns_its_negative_number() -> None:
    assert run("import os; os.kill(os.getpid(), 9)")[0].code == -signal.SIGKILL


def test_a_silent_tool_is_killed_at_the_deadline_and_its_output_is_kept() -> None:
    code = "import os, time; print(os.getpid(), flush=True); print('half', end='', flush=True); time.sleep(600)"
    for limit_s in (1.0, 5.0, 30.0):  # until it has had time to start
        ran, lines = run(code, time.monotonic() + limit_s)
        if ran.output:
            break
    assert (ran.code, ran.output) == (None, f"{lines[0]}\nhalf")
    with pytest.raises(ProcessLookupError):
        os.kill(int(lines[0]), 0)


@pytest.mark.parametrize("end", ["'\\n'", "''"], ids=["lines", "one line"])
def test_a_tool_that_never_stops_writing_is_killed_at_the_deadline(end: str) -> None:
    ran, _ = run(f"while True: print('spam' * 1000, end={end})", time.monotonic() + 1.0)
    assert (ran.code, ran.output[:4]) == (None, "spam")


def test_a_tool_that_closes_its_output_and_keeps_running_is_waited_for() -> None:
    ran, _ = run("import os, time; print('spam', flush=True); os.close(1); os.close(2); time.sleep(0.2); os._exit(4)")
    assert (ran.code, ran.output) == (4, "spam\n")


def test_a_tool_that_closes_its_output_and_never_ends_is_killed_at_the_deadline() -> None:
    code = "import os, time; print(os.getpid(), flush=True); os.close(1); os.close(2); time.sleep(600)"
    for limit_s in (1.0, 5.0, 30.0):
        ran, lines = run(code, time.monotonic() + limit_s)
        if lines:
            break
    assert ran.code is None
    with pytest.raises(ProcessLookupError):
        os.kill(int(lines[0]), 0)


def test_a_tool_is_killed_when_its_line_handler_fails() -> None:
    pids: list[int] = []

    def fail(line: str) -> None:
        pids.append(int(line))
        raise RuntimeError(line)

    child = Child([sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"])
    with pytest.raises(RuntimeError):
        child.run(soon(), fail)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_processor_time_and_wall_time_are_counted() -> None:
    ran, _ = run(SPIN.format(0.3))
    assert 0.3 <= ran.cpu_s <= ran.wall_s + 0.01


def test_only_the_tools_own_processor_time_is_counted() -> None:
    run(SPIN.format(0.5))
    assert run("")[0].cpu_s < 0.5


@pytest.mark.skipif(not counters_available(), reason="needs the kernel's clocks of other processes")
def test_counting_can_restart_after_the_warm_up(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    wait = f"import pathlib\nwhile not pathlib.Path({str(go_on)!r}).exists(): time.sleep(0.01)\n"
    child = Child([sys.executable, "-c", f"{SPIN.format(0.5)}print('warm', flush=True)\n{wait}{SPIN.format(0.1)}"])

    def on_line(_line: str) -> None:
        child.restart_counting()
        go_on.touch()

    ran = child.run(soon(), on_line)
    assert 0.1 <= ran.cpu_s < 0.5
    assert ran.cpu_s <= ran.wall_s + 0.01  # two clocks, and only one of them includes the end of a process


def test_a_missing_tool_raises_oserror() -> None:
    with pytest.raises(FileNotFoundError):
        Child(["/no/such/tool"])


def test_an_exit_is_described_in_words() -> None:
    assert [ending_of(code) for code in (0, 3, -9)] == [
        "ended with exit code 0", "ended with exit code 3", "was ended by signal 9"
    ]  # fmt: skip
