"""Which extras a command's arguments need; none of them where the command refuses what it is given."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import wanted_extras as module
from installed import EXTRAS
from support.catalogue_drivers import DESCRIPTOR, write_driver
from support.catalogues import catalogue_root
from support.command import ROOT, environment
from support.made_run import FAILURE, cell, measured, observation, record
from support.mounts import with_read_only
from topolab.backends.compose import connect
from topolab.catalogue import default_root, load_catalogue, load_matrix
from topolab.cli.arguments import MATRIX, PAGE, Command, parse
from topolab.database import DATABASE
from topolab.drivers.registry import drivers
from topolab.errors import InputError, StoreError
from topolab.launch.root import VARIABLE
from topolab.model.cell import Cell
from topolab.model.combination import DIMENSIONS
from topolab.model.protocol import ClientProtocol
from topolab.model.run import DriverRecord
from topolab.store import Store
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


def test_a_plan_needs_all_that_its_cells_need_and_no_pictures() -> None:
    assert wanted_extras(("--dry-run",), "page-browser") == ("apps", "browser")
    assert wanted_extras(("--matrix", "talk-options", "--dry-run"), "default") == ("apps",)


def cell_of(server: str, app: str, profile: str, protocol: ClientProtocol = ClientProtocol.H2) -> Cell:
    of = cell(server, protocol=protocol, profile=profile)
    return replace(of, combination=replace(of.combination, app=app))


BARE = cell_of("hypercorn-asyncio", "bare", "steady")
FASTAPI = cell_of("hypercorn-asyncio", "fastapi", "steady")
OVER_H3 = cell_of("hypercorn-asyncio", "bare", "steady", ClientProtocol.H3)
BY_BROWSER = cell_of("hypercorn-asyncio", "fastapi", "page-24-browser")
BY_LOCUST = cell_of("hypercorn-asyncio", "bare", "journeys")
NEEDS = (
    (BARE, ()),
    (FASTAPI, ("apps",)),
    (OVER_H3, ("servers",)),
    (BY_BROWSER, ("apps", "browser", "charts")),
    (BY_LOCUST, ("locust",)),
)


def stored(folder: Path, of: Cell = BARE, *, finished: bool = False, **changes: Any) -> Path:
    """A run of two rounds of one cell from a matrix `mine`, which the catalogue does not have."""
    profiles = load_catalogue(default_root()).profiles
    with Store.create(folder, replace(record([of], number_of_rounds=2), **{"profiles": profiles, **changes})) as store:
        store.add(observation(of, 1, measured(of)))
        if finished:
            store.add(observation(of, 2, FAILURE))
    return folder


@pytest.mark.parametrize(("of", "extras"), NEEDS)
def test_an_unfinished_run_needs_the_extras_of_its_own_cells(of: Cell, extras: tuple[str, ...], tmp_path: Path) -> None:
    assert wanted_extras(("--resume", str(stored(tmp_path / "run", of))), "default") == extras


@pytest.mark.parametrize("drivers_are_recorded", [True, False])
@pytest.mark.parametrize("of", [of for of, _ in NEEDS])
@pytest.mark.parametrize("backend", ["local", "docker"])
def test_a_finished_run_needs_only_what_draws_it(
    of: Cell, backend: str, drivers_are_recorded: bool, tmp_path: Path
) -> None:
    changes = {} if drivers_are_recorded else {"drivers": {}}  # as in the first runs of this format
    run = stored(tmp_path / "run", of, finished=True, backend=backend, **changes)
    assert wanted_extras(("--resume", str(run)), "default") == (("charts",) if of is BY_BROWSER else ())


def test_a_finished_run_of_a_matrix_with_charts_needs_what_draws_them(tmp_path: Path) -> None:
    run = stored(tmp_path / "run", FASTAPI, finished=True, charts=True)
    assert wanted_extras(("--resume", str(run)), "default") == ("charts",)


def test_a_run_is_reported_with_pictures_though_its_own_driver_is_gone(tmp_path: Path) -> None:
    profile = replace(load_catalogue(default_root()).profiles["steady"], driver="spam")
    run = stored(
        tmp_path / "run", finished=True, profiles={"steady": profile}, drivers={"spam": DriverRecord(visits=True)}
    )
    assert wanted_extras(("--resume", str(run)), "default") == ("charts",)


@pytest.mark.parametrize("run", ["20261126-074858-mine-2", "mine/20261126-074858-mine"])
def test_a_run_is_found_by_id_and_by_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: str) -> None:
    monkeypatch.chdir(tmp_path)
    folder = stored(Path(run) if "/" in run else Path("results", run), FASTAPI)
    assert wanted_extras((f"--resume={run}",), "default") == ("apps",)
    assert wanted_extras(("--resume", folder.name, "--out", str(folder.parent)), "default") == ("apps",)


@pytest.mark.parametrize(
    ("backend", "arguments", "extras"),
    [
        ("local", (), ("apps",)),
        ("docker", (), ("apps", "docker")),
        ("local", ("--context", "far"), ("apps", "docker")),
    ],
)
def test_a_run_needs_the_docker_extra_only_if_its_record_names_that_backend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, backend: str, arguments: tuple[str, ...], extras: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    run = stored(tmp_path / "run", FASTAPI, backend=backend)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    assert wanted_extras(("--resume", str(run), *arguments), "default") == extras
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_run_in_a_read_only_folder_is_read_where_nothing_is_installed(tmp_path: Path) -> None:
    run = stored(tmp_path / "run", FASTAPI)
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r}); from wanted_extras import wanted_extras; "
        "from importlib.util import find_spec; assert not find_spec('pydantic'); "
        f"print(wanted_extras(('--resume', {str(run)!r}), 'default'))"
    )
    argv = with_read_only(run, [sys.executable, "-I", "-S", "-c", code])
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("('apps',)\n", "")


@pytest.mark.parametrize("content", [b"", b"not SQLite"])
def test_a_run_that_cannot_be_read_is_left_for_the_command_to_refuse(tmp_path: Path, content: bytes) -> None:
    run = tmp_path / "20261126-074858-fastapi-2"
    run.mkdir()
    (run / DATABASE).write_bytes(content)
    assert wanted_extras(("--resume", str(run)), "default") == ()
    with pytest.raises(StoreError):
        Store.open(run)


@pytest.mark.parametrize("text", ["{}", "[]", "null", "{", '{"plan": {"cells": [3]}}'])
def test_a_damaged_record_is_left_for_the_command_to_refuse(tmp_path: Path, text: str) -> None:
    run = stored(tmp_path / "run", FASTAPI)
    with closing(sqlite3.connect(run / DATABASE)) as connection, connection:
        connection.execute("UPDATE run SET record = ?", (text,))
    assert wanted_extras(("--resume", str(run)), "default") == ()
    with pytest.raises(StoreError):
        Store.open(run)


VALUES = {
    "--matrix": "smoke", "--only": "app=bare", "--rounds": "1", "--backend": "local", "--context": "far", "--seed": "1",
    "--out": "results", "--start-timeout": "9", "--list": "", "--dry-run": "", "--json": "", "--quiet": "",
}  # fmt: skip
"""Every option except `--resume` and `--help`, each with a value."""


def test_every_option_of_the_command_is_tried_with_resume(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    options = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    assert options == {*VALUES, "--resume", "--help"}


@pytest.mark.parametrize("option", VALUES)
def test_nothing_is_installed_for_an_option_that_a_run_refuses(option: str, tmp_path: Path) -> None:
    run = stored(tmp_path / "run", FASTAPI)
    arguments = ["--resume", str(run), option, *filter(None, [VALUES[option]])]
    try:
        parse(arguments)
    except InputError:
        assert wanted_extras(arguments, "default") == ()
    else:
        assert wanted_extras(arguments, "default") == (("apps", "docker") if option == "--context" else ("apps",))


@pytest.mark.parametrize("arguments", [("--backend", "local", "--context", "far"), ("--backend", "podman")])
def test_nothing_is_installed_for_a_backend_that_the_command_refuses(arguments: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        parse(list(arguments))
    assert wanted_extras(("--matrix", "full", *arguments), "default") == ()


@pytest.mark.parametrize(
    "arguments",
    [
        *(("--matrix", matrix) for matrix in ("nope", "/dev/zero", ".", "", "x" * 300)),
        ("--resume",),
        *(("--resume", run) for run in ("nope", "elsewhere/nope", "x" * 300, ".")),
    ],
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
    stored(Path("run"), FASTAPI, backend="docker")
    monkeypatch.setenv("TOPOLAB_CATALOGUE", catalogue)
    assert wanted_extras(arguments, "default") == ()
    with pytest.raises(InputError, match="no servers/ folder"):
        load_catalogue(default_root())


@pytest.mark.parametrize("content", [b"\0", b"name =", b"\xff"])
def test_nothing_is_installed_for_a_matrix_that_is_not_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    assert wanted_extras(("--matrix", str(tmp_path / "mine.toml")), "default") == ()


SELECTION = """
servers = ["granian"]
apps = ["django"]
topologies = ["direct"]
protocols = ["*"]
profiles = ["page-24"]
"""
MATRIX_TEXT = f'name = "mine"\nsummary = "mine"\nrounds = 1\n[[select]]\n{SELECTION}'


@pytest.mark.parametrize(
    "text",
    [
        "", "select = 3", "a = " + "[" * 5_000, "[[select]]\nservers = 3\napps = []",
        MATRIX_TEXT.replace("profiles =", "profile ="), MATRIX_TEXT.replace("[[select]]", "[select]"),
        MATRIX_TEXT.replace("servers =", "sevrers ="), MATRIX_TEXT.replace("[[select]]", "[[selects]]"),
        MATRIX_TEXT.replace('["granian"]', "[1]"),
    ],
)  # fmt: skip
def test_nothing_is_installed_for_a_broken_matrix(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    arguments = ("--matrix", str(tmp_path / "mine.toml"), "--backend", "docker")
    assert wanted_extras(arguments, "default") == ()
    with pytest.raises(InputError):
        load_matrix(load_catalogue(default_root()), str(tmp_path / "mine.toml"))


@pytest.mark.parametrize(("right", "wrong"), [("[[variants]]", "[variants]"), ("packages =", "package =")])
def test_nothing_is_installed_for_a_broken_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, right: str, wrong: str
) -> None:
    text = (ROOT / "servers" / "uvicorn" / "server.toml").read_text(encoding="utf-8")
    first, second, _ = text.split("[[variants]]", 2)
    broken = f"{first}[[variants]]{second}".replace(right, wrong, 1)
    root = catalogue_root(tmp_path, {"spam": broken})
    monkeypatch.setenv(VARIABLE, str(root))
    assert wanted_extras(("--matrix", "full", "--backend", "docker"), "default") == ()
    with pytest.raises(InputError, match="servers/spam"):
        load_catalogue(root)


def test_a_driver_draws_if_its_descriptor_says_that_its_loads_are_visits() -> None:
    known = drivers()
    assert {name: module._draws(ROOT, name) for name in known} == {name: of.visits for name, of in known.items()}
    assert {of.visits for of in known.values()} == {True, False}


OWN_DRIVER = DESCRIPTOR.replace('{"closed"})', '{"closed"}), visits=VISITS')
OWN_PROFILE = (ROOT / "loadtest" / "profiles" / "ceiling.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("visits", "extras"), [("True", ("charts",)), ("False", ()), ("not False", ("charts",)), (")", ())]
)
def test_a_catalogues_own_driver_gets_charts_if_its_loads_are_visits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, visits: str, extras: tuple[str, ...]
) -> None:
    root = catalogue_root(tmp_path, {}, copied=("loadtest",))
    write_driver(root, OWN_DRIVER.replace("VISITS", visits))
    profile = OWN_PROFILE.replace('"ceiling"', '"spam"').replace('"curl"', '"spam"')
    (root / "loadtest" / "profiles" / "spam.toml").write_text(profile)
    matrix = MATRIX_TEXT.replace("django", "bare").replace("page-24", "spam")
    (root / "loadtest" / "matrices" / "mine.toml").write_text(matrix)
    monkeypatch.setenv(VARIABLE, str(root))
    assert wanted_extras(("--matrix", "mine"), "default") == extras
    if visits == ")":
        with pytest.raises(InputError, match="drivers/spam"):
            load_catalogue(root)
    else:
        assert load_catalogue(root).drivers["spam"].visits == bool(extras)


def test_dimensions_have_the_names_that_matrices_and_records_use() -> None:
    assert {key: DIMENSIONS[key].plural for key in module._PLURALS} == module._PLURALS
    assert {key: DIMENSIONS[key].fields[0] for key in module._FIELDS} == module._FIELDS


def test_a_users_own_matrix_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f"\ufeffcharts = true\n{MATRIX_TEXT}", encoding="utf-8")
    assert wanted_extras(("--matrix", str(tmp_path / "mine.toml")), "default") == ("apps", "charts")


@pytest.mark.parametrize("arguments", [("--backend", "docker"), ("--context", "far"), ("--backend=docker",)])
def test_containers_need_the_docker_extra(arguments: tuple[str, ...]) -> None:
    assert wanted_extras(arguments, "default") == ("docker",)


@pytest.mark.parametrize("hint", [*module._NAMES_AN_ENGINE, "docker.sock", "config.json", ""])
def test_auto_wants_the_docker_extra_where_the_command_looks_for_an_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hint: str
) -> None:
    assert module._ENGINE_SOCKET.name == connect.SOCKET.name
    monkeypatch.setattr(connect, "SOCKET", module._ENGINE_SOCKET)
    if "." in hint:
        (tmp_path / hint).touch()
    elif hint:
        monkeypatch.setenv(hint, "1")
    assert connect.plausible() == bool(hint)
    assert wanted_extras((), "default") == (("docker",) if hint else ())
    assert wanted_extras(LOCAL, "default") == ()
