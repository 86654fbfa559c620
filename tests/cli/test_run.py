"""Small whole runs of the command: results, exit codes, interruption, resumption, cleanup."""

from __future__ import annotations

import json
import shlex
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.command import SCRIPT, environment, processes_naming, run_matrix
from support.runs import hops_of, observed, only_run

SMALL = ("--matrix", "smoke", "--only", "server=granian-asgi", "--only", "protocol=h2", "--backend", "local")


def test_json_is_all_of_standard_output_and_results_are_kept(tmp_path: Path) -> None:
    done = run_matrix(*SMALL, "--json", "--seed", "7", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    folder = only_run(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["report.md", "results.csv", "results.json", "run.sqlite"]
    assert json.loads((folder / "results.json").read_text()) == results
    assert (results["run"]["id"], results["run"]["seed"]) == (folder.name, 7)
    shown = {cell["topology"]: (cell["status"], cell["downgraded"], hops_of(cell)) for cell in results["cells"]}
    assert shown == {
        "direct": ("measured", False, [("client", "server", "h2", True)]),
        "alb": ("measured", True, [("client", "proxy", "h2", True), ("proxy", "server", "http/1.1", False)]),
        "nlb-tcp": ("measured", False, [("client", "proxy", "h2", True), ("proxy", "server", "h2", True)]),
    }
    assert all(cell["requests_per_second"]["median"] > 0 for cell in results["cells"])


def test_a_table_written_to_a_pipe_has_no_escape_codes(tmp_path: Path) -> None:
    done = run_matrix(*SMALL, "--only", "topology=direct", "--out", str(tmp_path))
    assert done.returncode == 0
    assert "granian-asgi" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "[1/1] round 1, " in done.stderr


def test_quiet_prints_only_the_table(tmp_path: Path) -> None:
    done = run_matrix(*SMALL, "--only", "topology=direct", "--quiet", "--out", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_failed_cell_is_code_1_and_the_others_are_measured(tmp_path: Path) -> None:
    toml = """
name = "broken"
summary = "does not start"
command = ["{python}", "-c", "raise SystemExit('no spam today')"]
[[variants]]
name = "always"
summary = "never starts"
interfaces = ["asgi"]
packages = ["pydantic"]
[variants.listeners.tls]
protocols = ["http/1.1"]
"""
    root = catalogue_root(tmp_path, {"broken": toml})
    matrix = tmp_path / "mine.toml"
    matrix.write_text(
        'name = "mine"\nsummary = "one good, one bad"\nrounds = 1\n[[select]]\n'
        'servers = ["broken-always", "granian-asgi"]\napps = ["bare"]\ntopologies = ["direct"]\n'
        'protocols = ["http/1.1"]\nprofiles = ["ceiling"]\n'
    )
    out = tmp_path / "out"
    done = run_matrix("--matrix", str(matrix), "--out", str(out), TOPOLAB_CATALOGUE=str(root))
    assert done.returncode == 1
    assert "failed: broken-always/bare-asgi/direct/h1/ceiling: start: the server ended with exit code 1" in done.stdout
    assert "no spam today" in done.stdout
    cells = json.loads((only_run(out) / "results.json").read_text())["cells"]
    assert [(cell["status"], cell["requests_per_second"] is None) for cell in cells] == [
        ("failed", True),
        ("measured", False),
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_reports_and_can_be_resumed(number: signal.Signals, tmp_path: Path) -> None:
    arguments = [*SCRIPT, *SMALL, "--rounds", "2", "--out", str(tmp_path)]
    env = environment(TMPDIR=str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    out = tmp_path / "out of the way"
    arguments[-1] = str(out)
    with subprocess.Popen(arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for_observations(out, 2, process)
        process.send_signal(number)
        process.send_signal(number)  # an impatient user presses twice
        stdout, stderr = process.communicate(timeout=5)
    assert process.returncode == 130
    assert "good responses per second" in stdout
    folder = only_run(out)
    resume = f"python3 {SCRIPT[1]} --resume '{folder}'"
    assert stderr.endswith(f"interrupted; continue with: {resume}\n")
    assert processes_naming(str(tmp_path)) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    before = observed(out)
    assert 2 <= len(before) < 6

    command = shlex.split(stderr.splitlines()[-1].partition("continue with: ")[2])
    done = subprocess.run(
        [*command, "--json"], env=environment(), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    after = observed(out)
    assert after[: len(before)] == before
    assert len({(cell, number) for cell, number, _ in after}) == len(after) == 6
    assert {cell["rounds"] for cell in json.loads(done.stdout)["cells"]} == {2}


def test_no_process_is_left_when_the_lab_is_killed(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    env = environment(TMPDIR=str(tmp_path / "tmp"))
    out = tmp_path / "out"
    with subprocess.Popen(
        [*SCRIPT, *SMALL, "--rounds", "50", "--quiet", "--out", str(out)], env=env, stdout=subprocess.DEVNULL
    ) as process:
        wait_for_observations(out, 1, process)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while processes_naming(str(tmp_path / "tmp")) or list((tmp_path / "tmp").iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_observations(out: Path, count: int, process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while len(observed(out)) < count:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_finished_run_is_reported_again_from_its_store(tmp_path: Path) -> None:
    assert run_matrix(*SMALL, "--only", "topology=alb", "--quiet", "--out", str(tmp_path)).returncode == 0
    folder = only_run(tmp_path)
    before = {path.name: path.read_text() for path in folder.iterdir() if path.suffix != ".sqlite"}
    for name in before:
        (folder / name).unlink()
    done = run_matrix("--resume", str(folder), "--quiet")
    assert done.returncode == 0
    rebuilt = {path.name: path.read_text() for path in folder.iterdir() if path.suffix != ".sqlite"}
    assert rebuilt["results.csv"] == before["results.csv"]
    assert json.loads(rebuilt["results.json"])["cells"] == json.loads(before["results.json"])["cells"]


def test_a_run_is_not_resumed_in_another_environment(tmp_path: Path) -> None:
    assert run_matrix(*SMALL, "--only", "topology=direct", "--quiet", "--out", str(tmp_path)).returncode == 0
    folder = only_run(tmp_path)
    with sqlite3.connect(folder / "run.sqlite") as connection:
        connection.execute("DELETE FROM observation")
        connection.execute("UPDATE run SET record = json_set(record, '$.environment.cpu_model', 'Abacus')")
    done = run_matrix("--resume", str(folder))
    assert done.returncode == 2
    assert "cpu_model was Abacus, is " in done.stderr
