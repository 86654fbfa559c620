"""A run is not continued with other files than those it began with."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.command import run_matrix
from support.runs import observed, only_run
from topolab.launch.root import VARIABLE

SMALL = ("--matrix", "smoke", "--only", "server=granian-asgi", "--only", "protocol=h2", "--only", "topology=alb")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the catalogue, whose files a test may edit."""
    return catalogue_root(tmp_path / "mine", {}, ("apps", "nginx", "servers"))


@pytest.fixture
def unfinished(root: Path, tmp_path: Path) -> Path:
    """A run from that catalogue that has nothing measured yet."""
    out = tmp_path / "out"
    done = run_matrix(*SMALL, "--rounds", "1", "--quiet", "--out", str(out), **{VARIABLE: str(root)})
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(only_run(out) / "run.sqlite") as connection:
        connection.execute("DELETE FROM observation")
    return only_run(out)


def edit(file: Path) -> None:
    before = file.read_text()
    after = before.replace('"{workers}"', '"2"') if file.suffix == ".toml" else f"{before}\n# edited\n"
    assert after != before
    file.write_text(after)


def test_a_run_is_not_resumed_after_an_edit_of_its_files(unfinished: Path, root: Path) -> None:
    for name in ("servers/granian/server.toml", "apps/bare/bare_asgi.py", "nginx/alb.conf"):
        edit(root / name)
    done = run_matrix("--resume", str(unfinished), **{VARIABLE: str(root)})
    changed = "apps/bare has changed; nginx/alb.conf has changed; servers/granian has changed"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"the environment has changed: {changed}; start a new run\n")
    assert observed(unfinished.parent) == []


def test_a_run_is_resumed_after_an_edit_of_other_files(unfinished: Path, root: Path) -> None:
    edit(root / "apps" / "fastapi" / "fastapi_app.py")
    done = run_matrix("--resume", str(unfinished), "--json", **{VARIABLE: str(root)})
    assert done.returncode == 0, done.stderr
    assert {cell["rounds"] for cell in json.loads(done.stdout)["cells"]} == {1}


def test_a_run_that_does_not_say_what_it_was_measured_with_is_not_resumed(unfinished: Path, root: Path) -> None:
    with sqlite3.connect(unfinished / "run.sqlite") as connection:
        connection.execute("UPDATE run SET record = json_remove(record, '$.environment.files')")
    done = run_matrix("--resume", str(unfinished), **{VARIABLE: str(root)})
    assert done.returncode == 2
    assert "the run does not say which files it was measured with" in done.stderr
