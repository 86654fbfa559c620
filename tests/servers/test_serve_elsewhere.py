"""What serve.py starts does not import from the folder that it is started in, and its certificates may be there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.serving import SERVE, Answer, Certificate, Port, ask, discover, running
from support.somebody import somebodys_folder

# A server of each kind.
SERVERS = ("granian-asgi", "gunicorn-gthread", "hypercorn-asyncio", "uvicorn-httptools")
PORTS = [port for port in discover() if port.server in SERVERS and port.listener == "tls"]
ANSWER = Answer(200, "http/1.1", "1.1", b'{"text":"spam, egg, spam and spam!, 1!"}')


@pytest.mark.parametrize("port", PORTS, ids=str)
def test_a_server_imports_nothing_from_there_and_finds_its_certificate(
    port: Port, certificate: Certificate, tmp_path: Path
) -> None:
    folder = somebodys_folder(tmp_path)
    shutil.copy(certificate.chain, folder / "chain.pem")
    shutil.copy(certificate.key, folder / "key.pem")
    local = Certificate(certificate.authority, Path("chain.pem"), Path("key.pem"))
    with running(port, local, tmp_path / "server.log", folder) as number:
        assert ask("tls", "http/1.1", number, certificate) == ANSWER


def test_a_companion_imports_nothing_from_there(tmp_path: Path) -> None:
    app = tmp_path / "apps" / "menu" / "app.toml"
    app.parent.mkdir(parents=True)
    app.write_text("""
[entrypoints]
asgi = "menu:app"
[[companions]]
name = "kitchen"
command = ["{python}", "-c", "import logging; print('cooks at', __import__('sys').argv[1])", "{host}:{port}"]
""")
    where = ("--companion", "kitchen", "--app", "menu", "--host", "127.0.0.1", "--port", "8001", "--root", "../")
    argv = [sys.executable, "-I", str(SERVE), *where]
    done = subprocess.run(argv, cwd=somebodys_folder(tmp_path), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "cooks at 127.0.0.1:8001\n", "")


def test_all_kinds_of_server_are_covered() -> None:
    assert sorted(port.server for port in PORTS) == list(SERVERS)
