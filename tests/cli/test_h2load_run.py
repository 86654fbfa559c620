"""Whole runs with h2load: figures, kept output, and skips without h2load."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from support.catalogues import catalogue_root
from support.command import engine_of_this_machine, run_matrix
from support.engines import site_here
from support.h2load_tool import path_with
from support.runs import observed, only_run
from topolab.catalogue import Catalogue
from topolab.drivers.h2load.descriptor import H2LOAD_OLDEST, h2load_version
from topolab.drivers.h2load.output import parse_rows, parse_summary

CELLS = ["granian-asgi/bare-asgi/direct/h1/h2load-c10-n100", "granian-asgi/bare-asgi/direct/h2/h2load-c10-n100"]
FILES = ["h2load-requests.tsv", "h2load.txt"]


@pytest.fixture
def matrix(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\nsummary = "two counted cells"\nrounds = 1\n[[select]]\nservers = ["granian-asgi"]\n'
        'apps = ["bare"]\ntopologies = ["direct"]\nprotocols = ["http/1.1", "h2"]\nprofiles = ["h2load-c10-n100"]\n'
    )
    return str(path)


def assert_measured(out: Path, results: dict[str, Any]) -> None:
    """Assert that both cells have figures, and that h2load's output is kept and named."""
    folder = only_run(out)
    assert h2load_version(results["run"]["environment"]["tools"]["h2load"]) >= H2LOAD_OLDEST
    assert [(cell["id"], cell["status"], cell["good_responses"]) for cell in results["cells"]] == [
        (cell_id, "measured", 100) for cell_id in CELLS
    ]
    named = {cell_id: json.loads(text)["files"] for cell_id, _, text in observed(out)}
    for cell in results["cells"]:
        raw = f"raw/{cell['id']}/round-1"
        assert sorted(named[cell["id"]]) == [f"{raw}/{name}" for name in FILES]
        assert sorted(path.name for path in (folder / raw).iterdir()) == FILES
        summary = parse_summary((folder / raw / "h2load.txt").read_text())
        assert (summary.succeeded, summary.failed) == (100, 0)
        assert parse_rows((folder / raw / "h2load-requests.tsv").read_text()).succeeded == 100
        (finish_s,) = cell["finish_seconds"]["samples"]
        assert finish_s == pytest.approx(summary.finished_s, rel=0.001)
        assert cell["requests_per_second"]["samples"] == [pytest.approx(100 / finish_s)]
        assert [(hop["connections"], hop["tls"]) for hop in cell["hops"]] == [(10, True)]


def test_counted_cells_are_measured_and_h2loads_output_is_kept(
    matrix: str, h2load_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = run_matrix("--matrix", matrix, "--json", "--out", str(out), **path_with(h2load_folder))
    assert done.returncode == 0, done.stderr
    assert_measured(out, json.loads(done.stdout))


def test_a_failed_counted_loads_output_is_kept(matrix: str, h2load_folder: Path, tmp_path: Path) -> None:
    """The profile expects a body that no server sends."""
    (tmp_path / "catalogue").mkdir()
    root = catalogue_root(tmp_path / "catalogue", {})
    (root / "loadtest").unlink()
    (root / "loadtest" / "profiles").mkdir(parents=True)
    (root / "loadtest" / "matrices").mkdir()
    own = Path(__file__).parents[2] / "loadtest" / "profiles" / "h2load-c10-n100.toml"
    (root / "loadtest" / "profiles" / own.name).write_text(own.read_text().replace("spam, egg", "ham, egg"))
    out = tmp_path / "out"
    env = {**path_with(h2load_folder), "TOPOLAB_CATALOGUE": str(root)}
    done = run_matrix("--matrix", matrix, "--json", "--out", str(out), **env)
    assert done.returncode == 1, done.stderr
    reasons = [cell["reason"] for cell in json.loads(done.stdout)["cells"]]
    assert all(re.search(r"100 responses had 4600 bytes of body, but each should have 45", x) for x in reasons)
    kept = sorted(path.name for path in (only_run(out) / "raw").rglob("*") if path.is_file())
    assert kept == sorted(FILES * 2)


def test_without_h2load_its_cells_are_skipped_and_nothing_is_selected(matrix: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run_matrix("--matrix", matrix, "--out", str(tmp_path / "out"), PATH=str(tmp_path / "empty"))
    assert done.returncode == 3
    assert "h2load is not on PATH: install 1.60 or later (package nghttp2-client or nghttp2)" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_run_is_not_resumed_without_h2load(matrix: str, h2load_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run_matrix("--matrix", matrix, "--quiet", "--out", str(out), **path_with(h2load_folder)).returncode == 0
    folder = only_run(out)
    with sqlite3.connect(folder / "run.sqlite") as connection:
        connection.execute("DELETE FROM observation")
    done = run_matrix("--resume", str(folder), PATH=str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "tools h2load was h2load nghttp2/" in done.stderr
    assert ", is None; start a new run" in done.stderr


def test_an_old_h2load_is_skipped_and_other_cells_are_measured(matrix: str, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "h2load").write_text("#!/bin/sh\necho h2load nghttp2/1.52.0\n")
    (folder / "h2load").chmod(0o755)
    text = Path(matrix).read_text()
    Path(matrix).write_text(text.replace('"h2load-c10-n100"', '"h2load-c10-n100", "page-24-short"'))
    only = ("--only", "protocol=h2")
    done = run_matrix("--matrix", matrix, *only, "--json", "--out", str(tmp_path / "out"), **path_with(folder))
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["cells"]
    assert [(cell["profile"], cell["status"]) for cell in cells] == [
        ("page-24-short", "measured"),
        ("h2load-c10-n100", "skipped"),
    ]
    assert cells[1]["reason"].startswith(f"{folder}/h2load is 1.52.0: before 1.60 it counts replies with an empty")


def test_on_docker_the_load_images_h2load_is_used_and_its_output_kept(
    matrix: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    site_here(catalogue).close()
    # docker has to be on PATH, this machine's h2load must not
    docker = [folder for folder in os.environ["PATH"].split(os.pathsep) if (Path(folder) / "docker").exists()]
    env = {**engine_of_this_machine(), "PATH": os.pathsep.join([*docker, str(Path(sys.executable).parent)])}
    out = tmp_path / "out"
    done = run_matrix("--matrix", matrix, "--backend", "docker", "--json", "--out", str(out), **env)
    assert done.returncode == 0, done.stderr
    assert_measured(out, json.loads(done.stdout))
