"""Process groups are ended by topolab, after an error, and by the guard of a killed topolab."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from topolab.process.group import ProcessGroup, ProcessKeeper
from topolab.process.usage import group_usage, members, usage_between

# A leader with two children that ignore SIGTERM and SIGINT, like a stuck server's workers.
_FAMILY = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
for _ in range(2):
    if os.fork() == 0: time.sleep(600); sys.exit()
print("family", flush=True)
time.sleep(600)
"""


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "did not come about within 10 s"
        time.sleep(0.01)


def start_family(keeper: ProcessKeeper, folder: Path) -> ProcessGroup:
    group = keeper.start("family", [sys.executable, "-c", _FAMILY], folder / "family.log")
    wait_until(lambda: group.log_tail() == "family")
    wait_until(lambda: len(members(group.pgid)) == 3)
    return group


def test_ending_a_group_ends_all_its_processes(tmp_path: Path) -> None:
    with ProcessKeeper() as keeper:
        group = start_family(keeper, tmp_path)
        keeper.end(group)
        assert members(group.pgid) == []
        assert group.exit_code() == -signal.SIGKILL


def test_an_error_in_the_lab_ends_every_group(tmp_path: Path) -> None:
    groups = []
    with pytest.raises(RuntimeError), ProcessKeeper() as keeper:  # noqa: PT012 - the start is part of what is tested
        groups += [start_family(keeper, tmp_path), start_family(keeper, tmp_path)]
        raise RuntimeError
    assert [members(group.pgid) for group in groups] == [[], []]


def test_the_guard_ends_every_group_when_the_lab_is_killed(tmp_path: Path) -> None:
    lab = f"""
import sys, time
from pathlib import Path
sys.path[:0] = {sys.path!r}
from topolab.process.group import ProcessKeeper
keeper = ProcessKeeper()
group = keeper.start("family", [sys.executable, "-c", {_FAMILY!r}], Path({str(tmp_path)!r}) / "family.log")
while group.log_tail() != "family": time.sleep(0.01)
print(group.pgid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", lab], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pgid = int(process.stdout.readline())
        assert members(pgid)
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not members(pgid))


# A topolab process with a running group and a command for its end; the command prints what it still found of the group.
_LAB = """
import sys, time
from pathlib import Path
sys.path[:0] = {path!r}
from topolab.process.group import ProcessKeeper
folder = Path({folder!r})
keeper = ProcessKeeper()
group = keeper.start("idle", [sys.executable, "-c", "import time; time.sleep(600)"], folder / "log")
look = '''
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from topolab.process.usage import members
Path(sys.argv[1]).write_text(str(members(int(sys.argv[2]))))
'''
def then(name):
    argv = [sys.executable, "-c", look, str(folder / name), str(group.pgid)]
    keeper.when_killed(argv)
    return argv
{steps}
print(keeper.folder, flush=True)
time.sleep(600)
"""


def kill_a_lab(folder: Path, steps: str) -> None:
    """Kill a topolab process after these steps, and wait for its guard, which removes the folder last."""
    lab = _LAB.format(path=sys.path, folder=str(folder), steps=steps)
    with subprocess.Popen([sys.executable, "-c", lab], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        own = Path(process.stdout.readline().strip())
        assert own.is_dir()
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not own.exists())


def test_the_guard_runs_a_killed_labs_command_once_its_groups_are_gone(tmp_path: Path) -> None:
    kill_a_lab(tmp_path, "then('cleared')")
    assert (tmp_path / "cleared").read_text() == "[]"


def test_several_commands_are_all_run(tmp_path: Path) -> None:
    kill_a_lab(tmp_path, "then('first'); then('second')")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["first", "log", "second"]


def test_a_withdrawn_command_is_not_run(tmp_path: Path) -> None:
    kill_a_lab(tmp_path, "keeper.not_needed_when_killed(then('cleared'))")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log"]


def test_a_command_given_after_a_withdrawn_one_is_run(tmp_path: Path) -> None:
    kill_a_lab(tmp_path, "keeper.not_needed_when_killed(then('first')); then('second')")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log", "second"]


def test_a_command_that_cannot_be_run_does_not_stop_the_guard(tmp_path: Path) -> None:
    kill_a_lab(tmp_path, "keeper.when_killed(['/no/such/command'])")


def test_a_commands_arguments_are_passed_unchanged(tmp_path: Path) -> None:
    odd = ["two words", "two\nlines", "", "œufs", "'\""]
    said = tmp_path / "said"
    write = "import json, sys; open(sys.argv[1], 'w').write(json.dumps(sys.argv[2:]))"
    with ProcessKeeper() as keeper:
        keeper.when_killed([sys.executable, "-c", write, str(said), *odd])
    assert json.loads(said.read_text()) == odd


def test_a_command_that_is_not_withdrawn_is_run_when_the_lab_exits(tmp_path: Path) -> None:
    for name, taken_back in (("needed", False), ("needless", True)):
        with ProcessKeeper() as keeper:
            keeper.when_killed(["touch", str(tmp_path / name)])
            if taken_back:
                keeper.not_needed_when_killed(["touch", str(tmp_path / name)])
    assert [file.name for file in tmp_path.iterdir()] == ["needed"]


def test_a_group_that_ended_by_itself_has_its_exit_code_and_last_output(tmp_path: Path) -> None:
    with ProcessKeeper() as keeper:
        group = keeper.start("short", [sys.executable, "-c", "print('why'); raise SystemExit(7)"], tmp_path / "log")
        wait_until(lambda: group.exit_code() is not None)
        assert (group.exit_code(), group.log_tail()) == (7, "why")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not pin processes")
def test_a_group_runs_on_its_processors_and_the_lab_keeps_its_own(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    cpus = frozenset({max(before)})
    with ProcessKeeper() as keeper:
        group = keeper.start(
            "idle", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "log", cpus=cpus
        )
        assert os.sched_getaffinity(group.pgid) == cpus
    assert os.sched_getaffinity(0) == before


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the kernel's /proc counters")
def test_processor_time_and_memory_of_the_whole_group_are_counted(tmp_path: Path) -> None:
    busy = """
import os, time
ballast = b"x" * 50_000_000
if os.fork() == 0:
    while True: pass
while True: time.sleep(600)
"""
    with ProcessKeeper() as keeper:
        group = keeper.start("busy", [sys.executable, "-c", busy], tmp_path / "log")
        wait_until(lambda: len(members(group.pgid)) == 2)
        before = group_usage(group.pgid)

        def spent() -> bool:
            usage = usage_between(before, group_usage(group.pgid))
            return usage is not None and usage.cpu_s >= 0.2

        # The leader sleeps, so only the child can have used this time.
        wait_until(spent)
        after = group_usage(group.pgid)
        assert after is not None
        assert after.memory_peak_bytes > 50_000_000
