"""The scripts set themselves up from nothing but Python, once, and say what they do or what is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
from support.command import ROOT, environment

BASE_PYTHON = sys._base_executable  # type: ignore[attr-defined]
FIRST = "topolab: setting up .venv (first run), once; this takes about ten seconds\n"
CHANGED = "topolab: setting up .venv (its lock changed), once; this takes about ten seconds\n"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is committed, as a clone has it: no .venv."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def listing(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BASE_PYTHON, "scripts/run_matrix.py", "--list"],
        cwd=checkout,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_clone_sets_itself_up_once_and_again_when_its_lock_changes(checkout: Path) -> None:
    first = listing(checkout)
    assert first.returncode == 0, first.stderr
    assert first.stderr.startswith(FIRST)
    assert "gunicorn-gthread" in first.stdout
    again = listing(checkout)
    assert (again.returncode, again.stderr, again.stdout) == (0, "", first.stdout)
    lock = checkout / "requirements.lock"
    lock.write_text(lock.read_text() + "# changed\n")
    changed = listing(checkout)
    assert changed.returncode == 0, changed.stderr
    assert changed.stderr.startswith(CHANGED)


def test_a_set_up_that_was_cut_short_is_begun_again(checkout: Path) -> None:
    (checkout / ".venv" / bootstrap.STAMP.name).unlink()
    assert listing(checkout).stderr.startswith(CHANGED)


def test_a_tampered_lock_is_refused(checkout: Path) -> None:
    lock = checkout / "requirements.lock"
    text = lock.read_text()
    rich = re.search(r"^rich==.*?(?=^\w)", text, re.MULTILINE | re.DOTALL)
    assert rich
    lock.write_text(text.replace(rich[0], re.sub(r"sha256:\w{8}", "sha256:01234567", rich[0])))
    try:
        done = listing(checkout)
    finally:
        lock.write_text(text)
    assert done.returncode == 1
    assert "set-up failed: " in done.stderr


def test_a_python_without_venv_is_told_the_one_command_that_mends_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What Debian's python3 says without python3-venv, as it was captured there."""
    captured = (
        "The virtual environment was not created successfully because ensurepip is not\n"
        "available.  On Debian/Ubuntu systems, you need to install the python3-venv\n"
        "package using the following command.\n"
    )

    def fails(_argv: list[str]) -> None:
        raise bootstrap.SetupError(captured)

    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "_run", fails)
    major, minor = sys.version_info[:2]
    with pytest.raises(bootstrap.SetupError, match=rf"mend it with: sudo apt-get install python{major}\.{minor}-venv$"):
        bootstrap._create_venv()


def test_an_optional_server_that_cannot_be_built_is_a_line_and_not_an_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_argv: list[str]) -> None:
        raise bootstrap.SetupError("error: command 'gcc' failed: No such file or directory")

    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "OPTIONAL_LOG", tmp_path / "optional-install.log")
    monkeypatch.setattr(bootstrap, "_run", fails)
    bootstrap._install_optional(["installer"], [])
    assert capsys.readouterr().err == (
        "topolab: an optional server could not be built (see optional-install.log); its rows will be skipped\n"
    )
    assert "gcc" in (tmp_path / "optional-install.log").read_text()
