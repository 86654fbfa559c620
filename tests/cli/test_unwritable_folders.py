"""Unwritable results folders: the table is printed, with one line on what is lost."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.command import SCRIPT, environment, run_matrix
from support.mounts import with_read_only, with_tiny
from support.runs import observed, only_run
from support.stored_runs import finished_run
from support.waiting import until
from topolab.backends.local.site import LocalSite
from topolab.catalogue import Catalogue
from topolab.cli import measuring
from topolab.cli.arguments import parse
from topolab.cli.reporting import report_run
from topolab.cli.sites import Choice
from topolab.process.group import ProcessKeeper
from topolab.runner import Costs
from topolab.store import Store

ONE_CELL = [
    *("--matrix", "smoke", "--backend", "local"),
    *("--only", "server=granian-asgi", "--only", "protocol=h2", "--only", "topology=direct"),
]


def finish(argv: list[str], limit_s: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=limit_s, check=False)


def test_a_finished_run_in_a_read_only_folder_is_reported(tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run")
    done = finish(with_read_only(run, [*SCRIPT, "--resume", str(run)]))
    assert done.returncode == 0
    assert "hypercorn-uvloop" in done.stdout
    assert done.stderr == (
        f"topolab: {run}: cannot be written, so the report is printed and its files are not updated\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="modes mean nothing to root")
def test_a_finished_run_in_a_folder_without_write_permission_is_reported(tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run")
    run.chmod(0o555)
    done = run_matrix("--resume", str(run))
    run.chmod(0o755)
    assert (done.returncode, "hypercorn-uvloop" in done.stdout) == (0, True)


def test_a_finished_run_on_a_full_disk_is_reported(tmp_path: Path) -> None:
    run, disk = finished_run(tmp_path / "run"), tmp_path / "disk"
    disk.mkdir()
    copied = disk / "run"
    script = f'cp -r {run} {disk}; head -c 10M /dev/zero > {disk}/filler; "$@"'
    done = finish(with_tiny(disk, 200, ["sh", "-c", script, "sh", *SCRIPT, "--resume", str(copied)]))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        0,
        f"topolab: {copied}: cannot be written, so the report is printed and its files are not updated",
    )
    assert "hypercorn-uvloop" in done.stdout


def test_a_report_is_printed_even_if_its_files_cannot_be_written(tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run")
    (run / "report.md").mkdir()
    done = finish([*SCRIPT, "--resume", str(run)])
    assert "hypercorn-uvloop" in done.stdout
    assert (done.returncode, done.stderr) == (
        4,
        f"topolab: {run}: the report's files cannot be written: Is a directory; all that was measured is kept; "
        f"make room or make it writable, and write them with: python3 {SCRIPT[1]} --resume {run}\n",
    )
    assert [path.name for path in run.iterdir() if path.name.startswith(".")] == []


def test_a_disk_too_small_for_a_report_leaves_the_old_one_intact(tmp_path: Path) -> None:
    run = finished_run(tmp_path / "run")
    assert finish([*SCRIPT, "--resume", str(run)]).returncode == 0
    before = (run / "results.json").read_bytes()
    limited = ["sh", "-c", 'ulimit -f 2; exec "$@"', "sh", *SCRIPT, "--resume", str(run)]
    assert len(before) > 1024
    done = finish(limited)
    assert "hypercorn-uvloop" in done.stdout
    assert (run / "results.json").read_bytes() == before


def test_a_disk_that_fills_up_during_a_run_ends_it_after_its_table(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    out = disk / "out"
    done = finish(with_tiny(disk, 220, [*SCRIPT, *ONE_CELL, "--rounds", "60", "--quiet", "--out", str(out)]))
    assert done.returncode == 4, done.stderr
    assert "granian-asgi" in done.stdout
    (line,) = done.stderr.splitlines()
    assert "can no longer be written: database or disk is full; 1 observation is lost; make room there" in line
    assert f"continue with: python3 {SCRIPT[1]} --resume {out}/" in line
    assert len(observed(tmp_path / "disk-kept" / "out")) >= 1


def gone(run: Path, lost: str) -> str:
    return (
        f"topolab: {run}: the folder is gone, deleted or moved away while it was in use; unless it was moved, {lost} "
        "lost, and only what is printed above remains; start a new run\n"
    )


def test_a_folder_that_is_deleted_during_a_run_ends_it_after_its_table(tmp_path: Path) -> None:
    out = tmp_path / "out"
    argv = [*SCRIPT, *ONE_CELL, "--rounds", "60", "--quiet", "--out", str(out)]
    with subprocess.Popen(
        argv, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until(lambda: observed(out), process)
        run = only_run(out)
        shutil.rmtree(run)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 4, stderr
    assert "granian-asgi" in stdout
    assert re.fullmatch(re.escape(gone(run, "COUNT observations are")).replace("COUNT", r"\d+"), stderr)
    assert list(out.iterdir()) == []


def test_a_folder_that_is_deleted_before_its_report_is_one_line_after_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = finished_run(tmp_path / "run")
    with Store.open(run) as store:
        shutil.rmtree(run)
        code = report_run(parse([]), store)
    printed = capsys.readouterr()
    assert (code, printed.err) == (4, gone(run, "1 observation is"))
    assert "hypercorn-uvloop" in printed.out
    assert not run.exists()


def test_an_interrupt_after_the_folder_was_deleted_offers_no_command_to_continue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue
) -> None:
    run = finished_run(tmp_path / "run")

    def interrupted(*_arguments: object) -> None:
        shutil.rmtree(run)
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "_observe", interrupted)
    site = LocalSite(catalogue)
    costs = Costs(site.stack_s, 0.0, 0.0, catalogue.drivers)
    with Store.open(run) as store, ProcessKeeper() as keeper:
        code = measuring.measure(parse(["--quiet"]), Choice(site), keeper, store, costs)
    assert (code, capsys.readouterr().err) == (130, gone(run, "1 observation is") + "interrupted\n")
