"""The scripts set themselves up from nothing but Python, part by part, and say what they do or what is missing."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import installing
from installed import Installed
from support.command import ROOT, environment

BASE_PYTHON = sys._base_executable  # type: ignore[attr-defined]
AWKWARD = "a checkout; $p 'q' {r} #s"
"""A folder whose name means something to a shell, to a template or to a configuration file."""
FIRST = "topolab: setting up .venv (first run): core\n"
INCOMPLETE = "topolab: setting up .venv (it is incomplete): core\n"
LOCAL_APPS = ("--matrix", "fastapi", "--backend", "local", "--dry-run")

needs_mounts = pytest.mark.skipif(
    not shutil.which("unshare") or os.geteuid() != 0, reason="only root on Linux can mount what a test needs"
)


def copied(folder: Path) -> Path:
    """A copy of what is committed, as a clone has it: no .venv."""
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


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout for all tests of this file: setting one up takes seconds."""
    return copied(tmp_path_factory.mktemp("clone") / AWKWARD)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout that nothing was installed in."""
    return copied(tmp_path / "checkout")


def called(
    checkout: Path, *arguments: str, python: Sequence[str] = (BASE_PYTHON,), script: str = "run_matrix.py", **extra: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*python, f"scripts/{script}", *arguments],
        cwd=checkout,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def listing(checkout: Path, *python: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return called(checkout, "--list", python=python or (BASE_PYTHON,), **extra)


def stamps(checkout: Path) -> dict[str, int]:
    """When each part was installed, by its name."""
    return {path.name: path.stat().st_mtime_ns for path in (checkout / ".venv" / "topolab").iterdir()}


def test_a_clone_sets_up_its_core_once(checkout: Path) -> None:
    first = listing(checkout)
    assert (first.returncode, first.stderr) == (0, FIRST)
    assert "gunicorn-gthread" in first.stdout
    assert set(stamps(checkout)) == {"environment", "core"}
    again = listing(checkout)
    assert (again.returncode, again.stderr, again.stdout) == (0, "", first.stdout)


def test_what_a_matrix_needs_is_added_and_the_core_is_left_as_it_is(checkout: Path) -> None:
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


def test_what_somebody_removed_makes_the_environment_again(checkout: Path) -> None:
    listing(checkout)
    (site,) = (checkout / ".venv" / "lib").glob("python*/site-packages")
    shutil.rmtree(site / "rich")
    done = listing(checkout)
    assert (done.returncode, done.stderr) == (0, "topolab: setting up .venv (rich is missing from it): core\n")
    assert listing(checkout).stderr == ""


def other_pythons() -> list[Path]:
    """Interpreters of another version than this that the scripts accept, wherever they are usually installed."""
    places = [Path(name) for name in os.environ.get("PATH", "").split(os.pathsep)]
    places += [*Path("~/.pyenv/versions").expanduser().glob("*/bin")]
    versions = [f"python3.{minor}" for minor in range(11, 20) if minor != sys.version_info.minor]
    found = [place / name for name in versions for place in places if os.access(place / name, os.X_OK)]
    works = [[str(path), "-c", "import sys, venv, ensurepip; print(sys.version_info[:2])"] for path in found]
    return [Path(argv[0]) for argv in works if subprocess.run(argv, capture_output=True, check=False).returncode == 0]


def test_an_environment_of_another_python_is_made_again(checkout: Path) -> None:
    """Where another `python3` is called, and where the environment's own was upgraded in place."""
    others = other_pythons()
    if not others:
        pytest.skip("there is one Python here; install another version to try two")
    listing(checkout)
    why = r"topolab: setting up \.venv \(it is CPython 3\S+ \(\w+\)'s, this is CPython 3\S+ \(\w+\)\): core\n"
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
def test_it_runs_where_python_leaves_the_scripts_folder_off_its_path(
    checkout: Path, python: tuple[str, ...], script: str
) -> None:
    listing(checkout)
    extra = {} if len(python) > 1 else {"PYTHONSAFEPATH": "1"}
    done = called(checkout, "--list", python=python, script=script, **extra)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", ["run_matrix.py", "run_page.py", "run_tests.py", "write_talk.py"])
def test_every_script_finds_its_bootstrap_without_its_folder_on_the_path(script: str) -> None:
    import_it = f"import runpy; runpy.run_path({str(ROOT / 'scripts' / script)!r}, run_name='imported')"
    subprocess.run([BASE_PYTHON, "-I", "-c", import_it], check=True)


def test_what_leads_python_pip_or_uv_elsewhere_is_ignored(fresh: Path, tmp_path: Path) -> None:
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


def test_the_index_that_pip_is_configured_with_is_the_one_that_is_asked(fresh: Path) -> None:
    nobody = "http://127.0.0.1:1/simple"
    done = listing(fresh, PIP_INDEX_URL=nobody, PIP_EXTRA_INDEX_URL=nobody, PIP_FIND_LINKS=str(fresh), PIP_RETRIES="0")
    assert done.returncode == 1
    assert done.stderr.startswith(FIRST)
    said = done.stderr.removeprefix(FIRST)
    assert re.fullmatch(
        r"set-up failed: no package index answers with \S+; "
        r"check the network, and the index and proxy that pip is configured with\n",
        said,
    ), said


def test_a_tampered_lock_is_refused_and_nothing_half_installed_is_used(checkout: Path) -> None:
    listing(checkout)
    lock = checkout / "requirements" / "docker.lock"
    text = lock.read_text()
    docker = re.search(r"^docker==.*?(?=^\w)", text, re.MULTILINE | re.DOTALL)
    assert docker
    lock.write_text(text.replace(docker[0], re.sub(r"sha256:\w{8}", "sha256:01234567", docker[0])))
    done = called(checkout, "--backend", "docker", "--dry-run")
    lock.write_text(text)
    assert done.returncode == 1
    assert done.stderr.startswith("topolab: adding to .venv: docker\nset-up failed: `")
    assert "DO NOT MATCH THE HASHES" in done.stderr
    again = listing(checkout)
    assert (again.returncode, again.stderr) == (0, INCOMPLETE)


def mounted(checkout: Path, mount: str) -> subprocess.CompletedProcess[str]:
    """A listing after `mount`, in shell, in a name space of its own."""
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
def test_a_full_disk_is_one_line(fresh: Path) -> None:
    (fresh / ".venv").mkdir()
    done = mounted(fresh, "mount -t tmpfs -o size=4m tmpfs .venv")
    assert done.returncode == 1
    assert done.stderr.removeprefix(FIRST).startswith(f"set-up failed: no space is left on the disk of {fresh} or of ")
    assert done.stderr.count("\n") == 2


@needs_mounts
def test_a_checkout_that_cannot_be_written_is_one_line(fresh: Path) -> None:
    done = mounted(fresh, 'mount --bind . .\ncd "$PWD"\nmount -o remount,bind,ro .')
    assert (done.returncode, done.stderr) == (
        1,
        f"set-up failed: {fresh}/.venv cannot be written (Read-only file system); "
        "make the checkout writable, or clone it where you may write\n",
    )


@needs_mounts
def test_a_checkout_that_was_set_up_before_need_not_be_written(checkout: Path) -> None:
    listing(checkout)
    done = mounted(checkout, 'mount --bind . .\ncd "$PWD"\nmount -o remount,bind,ro .')
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_home_it_lists_what_it_lists_with_one(checkout: Path) -> None:
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


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_the_one_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str
) -> None:
    """What Debian's python3 says without python3-venv, as it was captured there."""

    def fails(*_arguments: object) -> str:
        raise installing.SetupError(f"/usr/bin/python3: No module named {module}")

    monkeypatch.setattr(installing._Steps, "_run", fails)
    major, minor = sys.version_info[:2]
    with pytest.raises(
        installing.SetupError, match=rf"install what it lacks: sudo apt-get install python{major}\.{minor}-venv$"
    ):
        steps(tmp_path).create()


def test_an_optional_server_that_cannot_be_built_is_a_line_and_not_an_end(
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


@pytest.mark.parametrize("script", ["run_matrix.py", "run_page.py", "run_tests.py", "write_talk.py"])
def test_an_old_python_gets_a_sentence(script: str) -> None:
    path = ROOT / "scripts" / script
    pretend = f"import runpy, sys; sys.version_info = (3, 6, 15); runpy.run_path({str(path)!r}, run_name='__main__')"
    done = subprocess.run([BASE_PYTHON, "-c", pretend], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "topolab needs Python 3.11 or later; this is 3.6.\n")
    for file in (path, ROOT / "scripts" / "bootstrap.py"):
        ast.parse(file.read_text(), feature_version=(3, 6))
        assert "from __future__ import annotations" not in file.read_text()  # which 3.6 has not


def test_on_a_terminal_the_step_is_shown_and_gone_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    progress = installing._Progress("setting up")
    progress._live = True
    with progress:
        progress.tick("installing core")
    assert capsys.readouterr().err == "setting up\n\r\033[K  installing core, 0 s\r\033[K"
