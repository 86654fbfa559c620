"""The choice of the engine and of TLS follows the docker command exactly."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.engines import skip_or_fail
from topolab.backends.certificate import issue_certificate
from topolab.backends.compose.endpoint import DEFAULT_HOST, Endpoint, find_endpoint
from topolab.errors import EngineError

HERE = {"DOCKER_CERT_PATH": "here"}
TCP = "tcp://127.0.0.1:2376"
DEFAULT_TLS_HOST = "tcp://localhost:2376"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of certificates for DOCKER_CERT_PATH, with no other setting that names an engine."""
    if not shutil.which("docker"):
        skip_or_fail("there is no docker command")
    for name in [name for name in os.environ if name.startswith("DOCKER_")]:
        monkeypatch.delenv(name)
    certificates(tmp_path / "certificates")
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    return tmp_path / "certificates"


def certificates(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    files = issue_certificate(folder, "localhost")
    for file, name in ((files.authority, "ca.pem"), (files.chain, "cert.pem"), (files.key, "key.pem")):
        file.rename(folder / name)


@pytest.mark.parametrize(
    ("variables", "host", "tls", "verify"),
    [
        ({}, DEFAULT_HOST, False, True),
        ({"DOCKER_HOST": TCP}, TCP, False, True),
        ({"DOCKER_HOST": TCP, **HERE}, TCP, False, True),
        ({"DOCKER_HOST": TCP, **HERE, "DOCKER_TLS_VERIFY": "1"}, TCP, True, True),
        ({"DOCKER_HOST": TCP, **HERE, "DOCKER_TLS_VERIFY": "0"}, TCP, True, True),
        ({"DOCKER_HOST": TCP, **HERE, "DOCKER_TLS_VERIFY": ""}, TCP, False, True),
        ({"DOCKER_HOST": TCP, **HERE, "DOCKER_TLS": "1"}, TCP, True, False),
        ({"DOCKER_HOST": TCP, **HERE, "DOCKER_TLS": "false"}, TCP, True, False),
        (
            {"DOCKER_HOST": TCP, **HERE, "DOCKER_TLS": "1", "DOCKER_TLS_VERIFY": "1"},
            TCP,
            True,
            True,
        ),
        ({**HERE, "DOCKER_TLS_VERIFY": "1"}, DEFAULT_TLS_HOST, True, True),
        (
            {"DOCKER_HOST": DEFAULT_HOST, **HERE, "DOCKER_TLS_VERIFY": "1"},
            DEFAULT_HOST,
            False,
            True,
        ),
    ],
)
def test_tls_is_enabled_by_its_variables_and_not_by_the_folder(
    variables: dict[str, str], host: str, tls: bool, verify: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, str(folder) if value == "here" else value)
    shown_as = variables.get("DOCKER_HOST", "the Docker engine")
    assert find_endpoint(None) == Endpoint(host, folder if tls else None, verify, shown_as)


def test_without_a_folder_the_docker_commands_certificates_are_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = folder.parent / "config"
    certificates(config)
    monkeypatch.setenv("DOCKER_HOST", TCP)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    assert find_endpoint(None) == Endpoint(TCP, config, True, TCP)


def test_tls_without_its_certificates_is_refused_with_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", TCP)
    monkeypatch.setenv("DOCKER_TLS", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(folder.parent / "nowhere"))
    with pytest.raises(EngineError) as raised:
        find_endpoint(None)
    assert str(raised.value) == f"{TCP}: open {folder.parent}/nowhere/ca.pem: no such file or directory"
