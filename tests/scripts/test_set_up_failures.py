"""The set-up ignores redirecting settings, and its failures are one line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import installing
from installed import Installed
from support.checkouts import BASE_PYTHON, FIRST, INCOMPLETE, called, listing
from support.command import environment

needs_mounts = pytest.mark.skipif(
    not shutil.which("unshare") or os.geteuid() != 0, reason="only root on Linux can mount what a test needs"
)
needs_setpriv = pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="root needs setpriv for modes of files to apply"
)


def test_settings_that_redirect_python_pip_or_uv_are_ignored(fresh: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "constraints.txt").write_text("rich==1\n")
    (tmp_path / "uv.toml").write_text(f'[pip]\ntarget = "{elsewhere}"\n')
    own = subprocess.run(
        [BASE_PYTHON, "-m", "pip", "config", "list"], env=environment(), capture_output=True, text=True, check=True
    )
    kept = re.findall(
        r"^(?:global|user|install)\.(index-url|extra-index-url|find-links|cert|proxy)='(.*)'$", own.stdout, re.M
    )
    lines = "".join(f"{name} = {value}\n" for name, value in kept)
    (tmp_path / "pip.conf").write_text(f"[global]\n{lines}[install]\nuser = true\ntarget = {elsewhere}\n")
    done = listing(
        fresh,
        PIP_CONFIG_FILE=str(tmp_path / "pip.conf"),
        PIP_CONSTRAINT=str(tmp_path / "constraints.txt"),
        PIP_DRY_RUN="1",
        PIP_NO_DEPS="1",
        PIP_PREFIX=str(elsewhere),
        PIP_PYTHON=str(elsewhere / "bin" / "python"),
        PIP_QUIET="3",
        PIP_REQUIRE_VIRTUALENV="1",
        PIP_ROOT=str(elsewhere),
        PIP_TARGET=str(elsewhere),
        PIP_USER="1",
        PYTHONHOME="",
        PYTHONUSERBASE=str(elsewhere),
        UV_CONFIG_FILE=str(tmp_path / "uv.toml"),
        UV_CONSTRAINT=str(tmp_path / "constraints.txt"),
        UV_PROJECT_ENVIRONMENT=str(elsewhere),
        UV_SYSTEM_PYTHON="1",
        VIRTUAL_ENV=str(elsewhere),
    )
    assert (done.returncode, done.stderr) == (0, FIRST)
    assert not elsewhere.exists()


def test_pips_configured_index_is_used(fresh: Path) -> None:
    nobody = "http://127.0.0.1:1/simple"
    done = listing(fresh, PIP_INDEX_URL=nobody, PIP_EXTRA_INDEX_URL=nobody, PIP_FIND_LINKS=str(fresh), PIP_RETRIES="0")
    assert done.returncode == 1
    assert done.stderr.startswith(FIRST)
    said = done.stderr.removeprefix(FIRST)
    assert re.fullmatch(
        r"topolab: set-up failed: no package index provides \S+; "
        r"check the network, and the index and proxy in pip's configuration\n",
        said,
    ), said


def test_a_tampered_lock_is_refused_and_a_partial_install_is_not_used(checkout: Path) -> None:
    listing(checkout)
    lock = checkout / "requirements" / "docker.lock"
    text = lock.read_text()
    docker = re.search(r"^docker==.*?(?=^\w)", text, re.MULTILINE | re.DOTALL)
    assert docker
    lock.write_text(text.replace(docker[0], re.sub(r"sha256:\w{8}", "sha256:01234567", docker[0])))
    done = called(checkout, "--backend", "docker", "--dry-run")
    lock.write_text(text)
    assert done.returncode == 1
    assert done.stderr.startswith("topolab: adding to .venv: docker\ntopolab: set-up failed: `")
    assert "DO NOT MATCH THE HASHES" in done.stderr
    again = listing(checkout)
    assert (again.returncode, again.stderr) == (0, INCOMPLETE)


def mounted(checkout: Path, mount: str) -> subprocess.CompletedProcess[str]:
    """Run a listing after the shell command `mount`, in its own namespace."""
    return subprocess.run(
        ["unshare", "--mount", "sh", "-ec", f'{mount}\nexec "$0" scripts/run_matrix.py --list', BASE_PYTHON],
        cwd=checkout,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@needs_mounts
def test_a_full_disk_is_reported_in_one_line(fresh: Path) -> None:
    (fresh / ".venv").mkdir()
    done = mounted(fresh, "mount -t tmpfs -o size=4m tmpfs .venv")
    assert done.returncode == 1
    assert done.stderr.removeprefix(FIRST).startswith(
        f"topolab: set-up failed: no space left on the disk of {fresh} or of "
    )
    assert done.stderr.count("\n") == 2


@needs_mounts
def test_a_read_only_checkout_is_reported_in_one_line(fresh: Path) -> None:
    done = mounted(fresh, 'mount --bind . .\ncd "$PWD"\nmount -o remount,bind,ro .')
    assert (done.returncode, done.stderr) == (
        1,
        f"topolab: set-up failed: cannot write {fresh}/.venv (Read-only file system); "
        "make the checkout writable, or clone it where you have write access\n",
    )


@needs_mounts
def test_a_checkout_that_is_already_set_up_may_be_read_only(checkout: Path) -> None:
    listing(checkout)
    done = mounted(checkout, 'mount --bind . .\ncd "$PWD"\nmount -o remount,bind,ro .')
    assert (done.returncode, done.stderr) == (0, "")


UNREADABLE = "(Permission denied); run it as the user who owns the checkout, or clone it where you have write access"


def of_another_user(checkout: Path) -> subprocess.CompletedProcess[str]:
    """A listing by a user to whom file modes apply, unlike root."""
    root = os.geteuid() == 0
    bound = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if root else ()
    return listing(checkout, *bound, BASE_PYTHON)


@needs_setpriv
@pytest.mark.parametrize("lock", ["absent", "of another user"])
def test_a_checkout_of_another_user_is_reported_in_one_line(fresh: Path, lock: str) -> None:
    if lock == "of another user":
        (fresh / ".venv.lock").touch(0o444)
    fresh.chmod(0o555)
    done = of_another_user(fresh)
    fresh.chmod(0o755)
    assert (done.returncode, done.stderr) == (
        1,
        f"topolab: set-up failed: cannot write {fresh}/.venv (Permission denied); "
        "make the checkout writable, or clone it where you have write access\n",
    )


@needs_setpriv
def test_an_environment_of_another_user_is_reported_in_one_line(fresh: Path) -> None:
    environment_of_theirs = fresh / ".venv"
    environment_of_theirs.mkdir(0o000)
    done = of_another_user(fresh)
    environment_of_theirs.chmod(0o755)
    assert (done.returncode, done.stderr) == (
        1,
        f"topolab: set-up failed: cannot read {fresh}/.venv/pyvenv.cfg {UNREADABLE}\n",
    )


@needs_setpriv
def test_an_unreadable_stamp_does_not_cause_another_set_up(fresh: Path) -> None:
    stamps = fresh / ".venv" / "topolab"
    stamps.mkdir(parents=True)
    (fresh / ".venv" / "pyvenv.cfg").touch()
    stamps.chmod(0o000)
    done = of_another_user(fresh)
    stamps.chmod(0o755)
    assert (done.returncode, done.stderr) == (
        1,
        f"topolab: set-up failed: cannot read {stamps}/environment {UNREADABLE}\n",
    )


def test_list_works_without_a_home_folder(checkout: Path) -> None:
    expected = listing(checkout)
    done = subprocess.run(
        [BASE_PYTHON, "scripts/run_matrix.py", "--list"],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent/home"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", expected.stdout)


def steps(folder: Path) -> installing._Steps:
    wanted = Installed(folder, ("core",))
    return installing._Steps(wanted, installing._Progress("setting up"))


@pytest.mark.parametrize("made", ["touch .venv", "ln -s /no/such/folder .venv"])
def test_something_else_in_the_environments_place_is_named(tmp_path: Path, made: str) -> None:
    subprocess.run(["sh", "-c", made], cwd=tmp_path, check=True)
    with pytest.raises(installing.SetupError, match=r"\.venv is not a folder; remove it and run the command again$"):
        steps(tmp_path).create()


@pytest.mark.parametrize("output", ["full", "closed"])
def test_a_set_up_whose_progress_cannot_be_written_goes_on(monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(sys, "stderr", open(full, "w", closefd=False) if output == "full" else None)  # noqa: SIM115
    with installing._Progress("setting up") as progress:
        progress.tick("installing core")
        progress.note("a note")
    assert sys.stderr is None
    os.close(full)


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_without_venv_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str
) -> None:
    """The captured message of Debian's python3 without python3-venv."""

    def fails(*_arguments: object) -> str:
        raise installing.SetupError(f"/usr/bin/python3: No module named {module}")

    monkeypatch.setattr(installing._Steps, "_run", fails)
    major, minor = sys.version_info[:2]
    with pytest.raises(
        installing.SetupError, match=rf"install the missing package: sudo apt-get install python{major}\.{minor}-venv$"
    ):
        steps(tmp_path).create()


def test_an_optional_server_that_cannot_be_built_does_not_end_the_set_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_arguments: object) -> str:
        raise installing.SetupError("error: command 'gcc' failed: No such file or directory")

    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(installing._Steps, "_run", fails)
    steps(tmp_path)._install_optional(["installer"], {})
    assert capsys.readouterr().err == (
        "topolab: an optional server could not be built (see .venv/optional-install.log); its rows will be skipped\n"
    )
    assert "gcc" in (tmp_path / ".venv" / "optional-install.log").read_text()
