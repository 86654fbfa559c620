"""The automatic choice of the backend says so if the engine that the environment names is not used."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.engines import skip_or_fail
from topolab.backends.compose import connect
from topolab.catalogue import Catalogue
from topolab.cli.entry import main
from topolab.cli.sites import choose_site
from topolab.process.ports import LOOPBACK, ReservedPort

DRY_RUN = ["--dry-run", "--quiet", "--matrix", "smoke", "--only", "server=granian-asgi", "--only", "topology=direct"]
NOT_USED = "topolab: using local processes, because the engine that {} names cannot be used: {}\n"
NO_ADDRESS = "not the address of an engine; it must be like unix:///var/run/docker.sock or tcp://HOST:2375"


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing here names or has an engine."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "TOPOLAB_NGINX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(connect, "SOCKET", tmp_path / "docker.sock")


def test_where_nothing_names_an_engine_local_processes_are_used_silently(
    capsys: pytest.CaptureFixture[str], catalogue: Catalogue
) -> None:
    assert choose_site(None, None, catalogue).about == "local processes (no Docker engine here)"
    assert main(DRY_RUN) == 0
    assert capsys.readouterr().err == ""


def test_a_named_engine_that_does_not_answer_is_one_line_even_if_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ReservedPort() as reserved:
        host = f"tcp://{LOOPBACK}:{reserved.number}"
        monkeypatch.setenv("DOCKER_HOST", host)
        assert main(DRY_RUN) == 0
    why = f"{host}: no engine answers; start Docker, or use --backend local, which needs none"
    assert capsys.readouterr().err == NOT_USED.format("DOCKER_HOST", why)


def test_a_context_that_does_not_exist_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not shutil.which("docker"):
        skip_or_fail("there is no docker command")
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert main(DRY_RUN) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(NOT_USED.format("DOCKER_CONTEXT", "the Docker engine: ").rstrip("\n"))


@pytest.mark.parametrize(
    "host", ["nonsense", "tcp://localhost", "npipe:////./pipe/docker", "tcp://a b:1", "/run/x.sock"]
)
def test_a_docker_host_that_is_no_address_is_one_line_with_right_examples(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    complaint = f"DOCKER_HOST={host}: {NO_ADDRESS}"
    assert main(DRY_RUN) == 0
    assert capsys.readouterr().err == NOT_USED.format("DOCKER_HOST", complaint)
    assert main([*DRY_RUN, "--backend", "docker"]) == 2
    assert capsys.readouterr().err == f"topolab: {complaint}\n"


@pytest.mark.parametrize("host", ["127.0.0.1:1", ":1", "tcp://[::1]:1", "tcp://127.0.0.1:1/path", "http://127.0.0.1:1"])
def test_other_spellings_of_an_address_are_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    assert main([*DRY_RUN, "--backend", "docker"]) == 2
    assert capsys.readouterr().err.startswith(f"topolab: {host}: no engine answers; ")


def test_a_run_on_the_local_backend_ignores_docker_host(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "nonsense")
    assert main([*DRY_RUN, "--backend", "local"]) == 0
    assert capsys.readouterr().err == ""
