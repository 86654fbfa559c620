"""Two runs at once on one machine are reported at the start and in each observation."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import SCRIPT, environment
from topolab.process.neighbours import announced, others
from topolab.store import Store

ONLY = ("--only", "server=granian-asgi", "--only", "topology=alb", "--only", "protocol=h2")
HOLD = "from topolab.process.neighbours import announced\nwith announced(): print(flush=True); input()"
ALONE = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
pytestmark = [
    pytest.mark.skipif(not Path("/proc/net/unix").exists(), reason="only Linux lists abstract sockets"),
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"),
        reason="a network namespace without the runs of other tests takes root, unshare and ip",
    ),
]


def measure(out: Path, before: str) -> tuple[str, list[bool]]:
    """A small run in its own namespace, after a line of shell: its first output, and its results."""
    words = (*SCRIPT, "--matrix", "smoke", *ONLY, "--backend", "local", "--rounds", "1", "--out", str(out))
    argv = [*ALONE, "sh", "-c", f'{before} "$@"', "sh", *words]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (run,) = out.iterdir()
    with Store.open(run) as store:
        return done.stderr, [observation.disturbed for observation in store.observations()]


def test_a_run_next_to_another_is_reported_at_the_start_and_per_observation(tmp_path: Path) -> None:
    hold = tmp_path / "hold.py"
    hold.write_text(f"import sys\nsys.path[:0] = {sys.path!r}\n{HOLD}\n")
    mkfifo = f"mkfifo {tmp_path}/stop; {sys.executable} {hold} <>{tmp_path}/stop >{tmp_path}/up & "
    wait = f"until [ -s {tmp_path}/up ]; do sleep 0.05; done; "
    said, disturbed = measure(tmp_path / "out", f"{mkfifo}{wait}trap 'kill $!' EXIT;")
    line = r"another topolab run \(process \d+\) is measuring on this machine: figures of both will be too low\n"
    assert re.search(line, said)
    assert disturbed == [True]


def test_a_single_run_does_not_mention_others(tmp_path: Path) -> None:
    said, disturbed = measure(tmp_path / "out", "")
    assert "another topolab run" not in said
    assert disturbed == [False]


def test_a_lab_is_visible_to_others_while_it_measures_but_not_to_itself() -> None:
    look = f"import sys\nsys.path[:0] = {sys.path!r}\nfrom topolab.process.neighbours import others\nprint(*others())"

    def seen() -> set[str]:
        return set(
            subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout.split()
        )

    with announced():
        assert str(os.getpid()) in seen()
        assert os.getpid() not in others()
    assert str(os.getpid()) not in seen()
