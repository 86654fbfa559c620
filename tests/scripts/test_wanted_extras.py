"""Which extras a command's arguments need; all of them where that is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

import wanted_extras as module
from installed import EXTRAS
from support.command import ROOT
from topolab.cli.arguments import MATRIX, PAGE, Command
from wanted_extras import wanted_extras

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
    [("--matrix", "/dev/zero"), ("--matrix", "."), ("--matrix", ""), ("--resume",)],
)
def test_all_extras_are_wanted_where_they_cannot_be_determined(arguments: tuple[str, ...]) -> None:
    assert wanted_extras(arguments, "default") == EXTRAS


@pytest.mark.parametrize("run", ["20261126-074858-fastapi-2", "mine/20261126-074858-fastapi"])
def test_a_run_wants_the_extras_of_its_matrix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: str) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(run) if "/" in run else Path("results", run)
    folder.mkdir(parents=True)
    assert wanted_extras(("--resume", run), "default") == ("apps", "servers")
    assert wanted_extras(("--resume", folder.name, "--out", str(folder.parent)), "default") == ("apps", "servers")


def test_a_run_of_a_matrix_that_is_not_found_wants_all_extras(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    assert wanted_extras(("--resume", "run"), "default") == EXTRAS


@pytest.mark.parametrize(
    "arguments", [("--matrix", "nope"), ("--resume", "nope"), ("--resume", "elsewhere/nope"), ("--resume", "x" * 300)]
)
def test_nothing_is_installed_for_a_name_that_the_command_refuses(arguments: tuple[str, ...]) -> None:
    assert wanted_extras(arguments, "default") == ()


@pytest.mark.parametrize(
    "text", ["", "\0", "select = 3", "a = " + "[" * 5_000, "[[select]]\nservers = 3\napps = []", "name ="]
)
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
