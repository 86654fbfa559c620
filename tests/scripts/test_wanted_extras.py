"""Which extras a command's arguments need; all of them where that is unknown."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import wanted_extras as module
from installed import EXTRAS
from support.command import ROOT, environment
from support.mounts import with_read_only
from support.stored_runs import finished_run
from topolab.catalogue import default_root, load_catalogue
from topolab.cli.arguments import MATRIX, PAGE, Command
from topolab.errors import InputError
from wanted_extras import wanted_extras

MATRIX_FILE = str(ROOT / "loadtest" / "matrices" / "full.toml")
LOCAL = ("--backend", "local")
WITHOUT_DOCKER = tuple(extra for extra in EXTRAS if extra != "docker")


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*module._NAMES_AN_ENGINE, "TOPOLAB_CATALOGUE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(module, "_ENGINE_SOCKET", tmp_path / "docker.sock")


@pytest.mark.parametrize(
    ("arguments", "extras"),
    [
        ((), ()),
        (LOCAL, ()),
        (("--matrix", "smoke"), ()),
        (("--matrix=latency",), ()),
        (("--matrix", "mixed"), ()),
        (("--matrix", "fastapi"), ("apps", "servers")),
        (("--matrix", "django"), ("apps", "servers")),
        (("--matrix", "journeys"), ("apps", "locust")),
        (("--matrix", "page-browser"), ("apps", "browser", "charts")),
        (("--matrix", "talk-options"), ("apps", "charts")),
        (("--matrix", "full", *LOCAL), WITHOUT_DOCKER),
        (("--matrix", "full", "--only", "app=bare", "--only", "profile=ceiling"), ("servers",)),
        (("--matrix", "full", "--only=app=bare", "--only=profile=ceiling", "--only=server=granian"), ()),
        (("--matrix", "full", "--only", "server=hypercorn-asyncio", "--only", "protocol=h3"), WITHOUT_DOCKER),
    ],
)  # fmt: skip
def test_extras_are_those_of_the_selected_drivers_servers_and_apps(
    arguments: tuple[str, ...], extras: tuple[str, ...]
) -> None:
    assert wanted_extras(arguments, "default") == extras


def test_a_command_without_a_matrix_gets_its_own_extras() -> None:
    assert wanted_extras((), "page-browser") == ("apps", "browser", "charts")


@pytest.mark.parametrize(("script", "command"), [("run_matrix.py", MATRIX), ("run_page.py", PAGE)])
def test_a_script_reads_the_matrix_that_its_command_runs(script: str, command: Command) -> None:
    assert f'default_matrix="{command.matrix}"' in (ROOT / "scripts" / script).read_text()


@pytest.mark.parametrize("arguments", [("--list",), ("--help",), ("-h",), ("--matrix", "full", "--list")])
def test_commands_that_only_print_need_no_extras(arguments: tuple[str, ...]) -> None:
    assert wanted_extras(arguments, "default") == ()


@pytest.mark.parametrize(
    "arguments",
    [("--matrix", "/dev/zero"), ("--matrix", "."), ("--matrix", "")],
)
def test_all_extras_are_wanted_where_they_cannot_be_determined(arguments: tuple[str, ...]) -> None:
    assert wanted_extras(arguments, "default") == EXTRAS


def stored(folder: Path, matrix: str, backend: str = "local") -> Path:
    """A finished run whose record names these."""
    finished_run(folder)
    with closing(sqlite3.connect(folder / "run.sqlite")) as connection, connection:
        named = ("$.matrix", matrix, "$.backend", backend)
        connection.execute("UPDATE run SET record = json_set(record, ?, ?, ?, ?)", named)
    return folder


@pytest.mark.parametrize("run", ["20261126-074858-other-2", "mine/20261126-074858-other"])
def test_a_run_wants_the_extras_of_its_matrix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: str) -> None:
    monkeypatch.chdir(tmp_path)
    folder = stored(Path(run) if "/" in run else Path("results", run), "fastapi")
    assert wanted_extras(("--resume", run), "default") == ("apps", "servers")
    assert wanted_extras(("--resume", folder.name, "--out", str(folder.parent)), "default") == ("apps", "servers")


@pytest.mark.parametrize(
    ("backend", "arguments", "extras"),
    [
        ("local", (), ("apps", "servers")),
        ("docker", (), ("apps", "docker", "servers")),
        ("local", ("--context", "far"), ("apps", "docker", "servers")),
    ],
)
def test_a_run_needs_the_docker_extra_only_if_its_record_names_that_backend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, backend: str, arguments: tuple[str, ...], extras: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    run = stored(tmp_path / "run", "fastapi", backend)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    assert wanted_extras(("--resume", str(run), *arguments), "default") == extras
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_the_backend_of_a_run_in_a_read_only_folder_is_read(tmp_path: Path) -> None:
    run = stored(tmp_path / "run", "fastapi")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r}); from wanted_extras import wanted_extras; "
        f"print(wanted_extras(('--resume', {str(run)!r}), 'default'))"
    )
    argv = with_read_only(run, [sys.executable, "-c", code])
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("('apps', 'servers')\n", "")


@pytest.mark.parametrize(("backend", "extras"), [("local", WITHOUT_DOCKER), ("docker", EXTRAS)])
def test_a_run_of_a_matrix_that_is_not_found_wants_the_extras_of_any(
    tmp_path: Path, backend: str, extras: tuple[str, ...]
) -> None:
    run = stored(tmp_path / "run", "my-own", backend)
    assert wanted_extras(("--resume", str(run)), "default") == extras


@pytest.mark.parametrize("content", [b"", b"not SQLite"])
def test_a_run_whose_record_cannot_be_read_is_known_by_its_folders_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    run = tmp_path / "20261126-074858-fastapi-2"
    run.mkdir()
    (run / "run.sqlite").write_bytes(content)
    assert wanted_extras(("--resume", str(run)), "default") == ("apps", "servers")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert wanted_extras(("--resume", str(run)), "default") == ("apps", "docker", "servers")


@pytest.mark.parametrize(
    "arguments",
    [("--matrix", "nope"), ("--resume",), *(("--resume", run) for run in ("nope", "elsewhere/nope", "x" * 300, "."))],
)
def test_nothing_is_installed_for_a_name_that_the_command_refuses(arguments: tuple[str, ...]) -> None:
    assert wanted_extras(arguments, "default") == ()


@pytest.mark.parametrize("catalogue", ["/nope", "/dev/null", "x" * 300, "empty"])
@pytest.mark.parametrize("arguments", [(), ("--backend", "docker"), ("--matrix", MATRIX_FILE), ("--resume", "run")])
def test_nothing_is_installed_for_a_catalogue_that_the_command_refuses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, catalogue: str, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    stored(Path("run"), "fastapi", "docker")
    monkeypatch.setenv("TOPOLAB_CATALOGUE", catalogue)
    assert wanted_extras(arguments, "default") == ()
    with pytest.raises(InputError, match="no servers/ folder"):
        load_catalogue(default_root())


@pytest.mark.parametrize("content", [b"\0", b"name =", b"\xff"])
def test_nothing_is_installed_for_a_matrix_that_is_not_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    assert wanted_extras(("--matrix", str(tmp_path / "mine.toml")), "default") == ()


@pytest.mark.parametrize("text", ["", "select = 3", "a = " + "[" * 5_000, "[[select]]\nservers = 3\napps = []"])
def test_a_broken_matrix_is_left_for_the_command_to_refuse(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    assert wanted_extras(("--matrix", str(tmp_path / "mine.toml")), "default") == EXTRAS


def test_a_users_own_matrix_is_read(tmp_path: Path) -> None:
    selection = (
        'servers = ["granian"]\napps = ["django"]\ntopologies = ["direct"]\nprotocols = ["*"]\nprofiles = ["page-24"]\n'
    )
    (tmp_path / "mine.toml").write_text(f"\ufeffcharts = true\n[[select]]\n{selection}", encoding="utf-8")
    assert wanted_extras(("--matrix", str(tmp_path / "mine.toml")), "default") == ("apps", "charts")


@pytest.mark.parametrize("arguments", [("--backend", "docker"), ("--context", "far"), ("--backend=docker",)])
def test_containers_need_the_docker_extra(arguments: tuple[str, ...]) -> None:
    assert wanted_extras(arguments, "default") == ("docker",)


def test_auto_wants_the_docker_extra_where_an_engine_may_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert wanted_extras((), "default") == ()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert wanted_extras((), "default") == ("docker",)
    assert wanted_extras(LOCAL, "default") == ()
    monkeypatch.delenv("DOCKER_HOST")
    (tmp_path / "docker.sock").touch()
    assert wanted_extras((), "default") == ("docker",)
    (tmp_path / "docker.sock").unlink()
    (tmp_path / "config.json").touch()
    assert wanted_extras((), "default") == ("docker",)
