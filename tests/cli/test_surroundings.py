"""The command's surroundings do not affect it, or are reported in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import ROOT, SCRIPT, environment, run_matrix
from support.somebody import somebodys_folder
from support.stored_runs import unfinished_run
from topolab.store import Store

# A server of each kind: all import from the folder they start in, unless that is prevented.
SERVERS = ("granian-asgi", "gunicorn-gthread", "hypercorn-asyncio", "uvicorn-httptools")
ONE_CORE = ("--server-core", "0", "--client-core", "0")


def run_in(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False)


def test_modules_in_the_current_folder_are_not_imported(tmp_path: Path) -> None:
    folder = somebodys_folder(tmp_path)
    only = [word for server in SERVERS for word in ("--only", f"server={server}")]
    arguments = ("--matrix", "smoke", *only, "--only", "topology=alb", "--only", "protocol=h2", "--backend", "local")
    done = run_in(folder, *SCRIPT, *arguments, "--rounds", "1", "--quiet", "--out", str(tmp_path / "out"))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_benchmarks_load_worker_imports_nothing_from_the_current_folder(tmp_path: Path) -> None:
    script = str(ROOT / "benchmarks" / "curl_driver.py")
    done = run_in(somebodys_folder(tmp_path), sys.executable, script, "--rounds", "1", "--seconds", "0.1", *ONE_CORE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "h2 1x50 / 50x1, paired by round" in done.stdout


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="a network namespace of one's own takes root and unshare"
)
def test_without_a_loopback_interface_a_local_run_ends_in_one_line(tmp_path: Path) -> None:
    done = run_in(tmp_path, "unshare", "--net", *SCRIPT, "--matrix", "smoke", "--backend", "local", "--out", "out")
    assert (done.returncode, done.stderr) == (
        2,
        "topolab: 127.0.0.1 cannot be used: network is unreachable; "
        "bring the loopback interface up, on Linux with: sudo ip link set lo up\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_another_process_is_measuring_is_refused(tmp_path: Path) -> None:
    run = unfinished_run(tmp_path / "run")
    with Store.open(run) as store:
        store.claim()
        done = run_matrix("--resume", str(run))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"topolab: {run}: process {os.getpid()} is measuring this run; wait for its end\n"
