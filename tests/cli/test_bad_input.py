"""Bad input ends with its exit code and one line on standard error."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.command import plan_matrix, run_matrix

LOCAL = ["--backend", "local"]
ONE_CELL = [
    *("--matrix", "smoke", *LOCAL),
    *("--only", "server=granian-asgi", "--only", "protocol=h2", "--only", "topology=direct"),
]
BAD = [
    (["--matrix", "defualt"], "--matrix defualt: no such matrix; expected one of "),
    (["--matrix", "no/such.toml"], "no/such.toml: no such file"),
    (
        ["--only", "sever=x"],
        "--only sever=x: must be KEY=GLOB with KEY one of server, app, topology, protocol, profile",
    ),
    (
        ["--only", "server"],
        "--only server: must be KEY=GLOB with KEY one of server, app, topology, protocol, profile",
    ),
    (["--only", "server=gunicron*"], "--only server=gunicron*: server: 'gunicron*' matches nothing; expected one of "),
    (["--backend", "docker"], "unix:///nonexistent/docker.sock: no engine answers; start Docker, or use "),
    (
        ["--context", "no-such-context"],
        "the Docker context no-such-context: ",
    ),
    (
        ["--resume", "never-ran"],
        "results/never-ran: no run here; give the id or the folder of a run, which contains run.sqlite",
    ),
]


@pytest.mark.parametrize(("arguments", "line"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_bad_input_is_one_line_and_code_2(arguments: list[str], line: str) -> None:
    done = plan_matrix(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"topolab: {line}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rounds", "0"],
        ["--rounds", "-1"],
        ["--rounds", "nan"],
        ["--seed", "-1"],
        ["--seed", "x"],
        ["--frobnicate"],
        ["--backend", "podman"],
        ["--backend", "local", "--context", "x"],
        ["--resume", "x", "--matrix", "smoke"],
        ["--resume", "x", "--seed", "0"],
        ["--rounds", "1001"],
        ["--rounds", "1000000000"],
        ["--rounds", "9" * 400],
        ["--rounds", "9" * 5000],
        ["--seed", "9" * 400],
        ["--matrix", ""],
        ["--only", ""],
        ["--only", "server="],
        ["--only", "=granian-asgi"],
        ["--context", ""],
        ["--out", ""],
        ["--resume", ""],
        ["--out", "x" * 300, *ONE_CELL],
        ["--out", "x/" * 3000, *ONE_CELL],
        ["--matrix", "x" * 300],
        ["--matrix", f"{'x' * 300}.toml"],
        ["--resume", "x" * 300],
        ["--resume", "x/" * 3000],
        ["--context", "x" * 300],
    ],
    ids=lambda arguments: " ".join(text[:20] for text in arguments),
)
def test_invalid_arguments_are_code_2(arguments: list[str]) -> None:
    done = plan_matrix(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("topolab: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_script_ends_with_the_commands_code_and_line() -> None:
    arguments, line = BAD[0]
    done = run_matrix(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"topolab: {line}")
    assert done.stderr == plan_matrix(*arguments).stderr


def test_a_typo_in_a_matrix_file_names_file_and_key(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\nsummary = "mine"\nronds = 3\nrounds = 1\nselect = []\n')
    done = plan_matrix("--matrix", str(file))
    assert done.returncode == 2
    assert (
        done.stderr == f"topolab: {file}: ronds: unknown key; check its spelling against the other files of this kind\n"
    )


def test_a_typo_in_a_server_names_catalogue_file_and_key(tmp_path: Path) -> None:
    toml = 'name = "mine"\nsummary = "x"\ncommand = ["x"]\n[[variants]]\nname = "a"\nsumary = "x"\n'
    root = catalogue_root(tmp_path, {"mine": toml})
    done = plan_matrix("--dry-run", TOPOLAB_CATALOGUE=str(root))
    assert done.returncode == 2
    assert done.stderr.startswith(f"topolab: {root}: servers/mine/server.toml: variants[0].")
    assert "Traceback" not in done.stderr


def test_a_named_nginx_that_is_not_nginx_is_bad_input() -> None:
    for path in ("/no/such/nginx", "/bin/true"):
        done = plan_matrix("--dry-run", TOPOLAB_NGINX=path)
        assert done.returncode == 2
        assert done.stderr.startswith(f"topolab: TOPOLAB_NGINX={path}: ")


def test_topologies_that_need_a_missing_nginx_module_are_skipped(tmp_path: Path) -> None:
    nginx = tmp_path / "nginx"
    nginx.write_text("#!/bin/sh\necho 'nginx version: nginx/1.22.1\nconfigure arguments: --with-http_ssl_module' >&2\n")
    nginx.chmod(0o755)
    done = plan_matrix("--dry-run", "--matrix", "smoke", TOPOLAB_NGINX=str(nginx))
    assert done.returncode == 0
    assert f"alb needs nginx 1.25.1 or later; {nginx} is 1.22.1" in done.stdout
    assert f"nlb-tcp needs nginx built with stream; {nginx} is not" in done.stdout


def test_filters_that_select_nothing_are_code_3() -> None:
    done = plan_matrix("--matrix", "smoke", *LOCAL, "--only", "topology=alb-http2")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "topolab: nothing selected: --only topology=alb-http2 matches no cell of the matrix; "
        "its topologies are direct, alb, nlb-tcp\n"
    )


def test_filters_that_select_only_skips_are_code_3_with_the_reason() -> None:
    done = plan_matrix(
        "--matrix",
        "default",
        *LOCAL,
        "--only",
        "server=uvicorn-httptools",
        "--only",
        "protocol=h2",
        "--only",
        "topology=nlb-tcp",
    )
    assert done.returncode == 3
    assert done.stderr == (
        "topolab: nothing selected: every cell is skipped: "
        "uvicorn-httptools does not speak HTTP/2: the nlb-tcp hop would be HTTP/1.1\n"
    )


def test_listing_names_everything_and_measures_nothing(tmp_path: Path) -> None:
    done = plan_matrix("--list", "--out", str(tmp_path / "out"))
    assert done.returncode == 0
    for name in ("gunicorn-gthread", "fastapi", "nlb-tls-http2preferred", "page-24", "default", "h2c"):
        assert name in done.stdout
    assert "\x1b" not in done.stdout
    assert not (tmp_path / "out").exists()


def test_a_dry_run_prints_plan_skips_and_time_and_measures_nothing(tmp_path: Path) -> None:
    done = plan_matrix("--dry-run", "--only", "topology=nlb-tcp", "--out", str(tmp_path / "out"))
    assert done.returncode == 0
    assert "uvicorn-httptools does not speak HTTP/2: the nlb-tcp hop would be HTTP/1.1" in done.stdout
    assert "client -h2 tls-> proxy -h2 tls-> server" in done.stdout
    assert " cells x 3 rounds: about " in done.stdout
    assert not (tmp_path / "out").exists()


def test_a_named_nginx_and_docker_are_refused_together() -> None:
    done = plan_matrix("--backend", "docker", TOPOLAB_NGINX="/bin/true")
    assert (done.returncode, done.stderr) == (
        2,
        "topolab: TOPOLAB_NGINX is only for the local backend; unset it, because images have their own proxy\n",
    )
