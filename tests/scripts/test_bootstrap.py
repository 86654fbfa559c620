"""The scripts set up .venv from plain Python, and again if the environment does not fit."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import installing
from support.checkouts import BASE_PYTHON, FIRST, called, listing
from support.command import ROOT

LOCAL_APPS = ("--matrix", "fastapi", "--backend", "local", "--dry-run")


def stamps(checkout: Path) -> dict[str, int]:
    """The time each part was installed, by its name."""
    return {path.name: path.stat().st_mtime_ns for path in (checkout / ".venv" / "topolab").iterdir()}


def test_a_clone_sets_up_its_core_once(checkout: Path) -> None:
    first = listing(checkout)
    assert (first.returncode, first.stderr) == (0, FIRST)
    assert "gunicorn-gthread" in first.stdout
    assert set(stamps(checkout)) == {"environment", "core"}
    again = listing(checkout)
    assert (again.returncode, again.stderr, again.stdout) == (0, "", first.stdout)


def test_a_matrixs_packages_are_added_and_the_core_is_unchanged(checkout: Path) -> None:
    listing(checkout)
    before = stamps(checkout)
    added = called(checkout, *LOCAL_APPS)
    assert (added.returncode, added.stderr) == (0, "topolab: adding to .venv: apps, servers\n")
    assert " needs fastapi" not in added.stdout
    after = stamps(checkout)
    assert set(after) == {"environment", "core", "apps", "servers"}
    assert after["core"] == before["core"]
    again = called(checkout, *LOCAL_APPS)
    assert (again.returncode, again.stderr, again.stdout) == (0, "", added.stdout)


def test_the_environment_is_created_again_if_a_package_was_removed(checkout: Path) -> None:
    listing(checkout)
    (site,) = (checkout / ".venv" / "lib").glob("python*/site-packages")
    shutil.rmtree(site / "rich")
    done = listing(checkout)
    assert (done.returncode, done.stderr) == (0, "topolab: setting up .venv (rich is missing): core\n")
    assert listing(checkout).stderr == ""


def test_modules_on_a_users_python_path_replace_none_of_the_environments(checkout: Path, tmp_path: Path) -> None:
    for name in ("rich", "selectors", "pydantic"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the user's own')\n")
    listing(checkout)
    for python in (BASE_PYTHON, str(checkout / ".venv" / "bin" / "python")):
        done = listing(checkout, python, PYTHONPATH=str(tmp_path))
        assert (done.returncode, done.stderr) == (0, "")


def other_pythons() -> list[Path]:
    """Interpreters of other versions that the scripts accept, from the usual places."""
    places = [Path(name) for name in os.environ.get("PATH", "").split(os.pathsep)]
    places += [*Path("~/.pyenv/versions").expanduser().glob("*/bin")]
    versions = [f"python3.{minor}" for minor in range(11, 20) if minor != sys.version_info.minor]
    found = [place / name for name in versions for place in places if os.access(place / name, os.X_OK)]
    works = [[str(path), "-c", "import sys, venv, ensurepip; print(sys.version_info[:2])"] for path in found]
    return [Path(argv[0]) for argv in works if subprocess.run(argv, capture_output=True, check=False).returncode == 0]


def test_an_environment_of_another_python_is_created_again(checkout: Path) -> None:
    """Run with another `python3`, and with the environment's own Python upgraded in place."""
    others = other_pythons()
    if not others:
        pytest.skip("there is one Python here; install another version to try two")
    listing(checkout)
    why = r"topolab: setting up \.venv \(made by CPython 3\S+ \(\w+\), this is CPython 3\S+ \(\w+\)\): core\n"
    done = listing(checkout, str(others[0]))
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(why, done.stderr)
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(BASE_PYTHON)
    done = listing(checkout, str(python))
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(why, done.stderr)
    assert listing(checkout).stderr == ""


@pytest.mark.parametrize("script", ["run_matrix.py", "run_page.py"])
@pytest.mark.parametrize("python", [(BASE_PYTHON, "-P"), (BASE_PYTHON, "-I"), (BASE_PYTHON,)])
def test_scripts_run_without_their_folder_on_pythons_path(checkout: Path, python: tuple[str, ...], script: str) -> None:
    listing(checkout)
    extra = {} if len(python) > 1 else {"PYTHONSAFEPATH": "1"}
    done = called(checkout, "--list", python=python, script=script, **extra)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", ["run_matrix.py", "run_page.py", "run_tests.py", "write_talk.py"])
def test_every_script_finds_bootstrap_without_its_folder_on_the_path(script: str) -> None:
    import_it = f"import runpy; runpy.run_path({str(ROOT / 'scripts' / script)!r}, run_name='imported')"
    subprocess.run([BASE_PYTHON, "-I", "-c", import_it], check=True)


@pytest.mark.parametrize("script", ["run_matrix.py", "run_page.py", "run_tests.py", "write_talk.py"])
def test_an_old_python_gets_a_clear_message(script: str) -> None:
    path = ROOT / "scripts" / script
    pretend = f"import runpy, sys; sys.version_info = (3, 6, 15); runpy.run_path({str(path)!r}, run_name='__main__')"
    done = subprocess.run([BASE_PYTHON, "-c", pretend], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "topolab: needs Python 3.11 or later, and this is 3.6\n")
    for file in (path, ROOT / "scripts" / "bootstrap.py"):
        ast.parse(file.read_text(), feature_version=(3, 6))
        assert "from __future__ import annotations" not in file.read_text()  # 3.6 does not have it


def test_on_a_terminal_the_current_step_is_shown_and_then_cleared(capsys: pytest.CaptureFixture[str]) -> None:
    progress = installing._Progress("setting up")
    progress._live = True
    with progress:
        progress.tick("installing core")
    assert capsys.readouterr().err == "setting up\n\r\033[K  installing core, 0 s\r\033[K"
