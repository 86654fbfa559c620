"""A server or proxy that listens on another port than the one it was given is named with that port, and its log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.cells import cell_of
from topolab.backends.local.backend import LocalBackend
from topolab.backends.local.proxies import find_proxies
from topolab.catalogue import Catalogue, load_catalogue
from topolab.errors import StageError
from topolab.model.outcome import Stage
from topolab.model.protocol import ClientProtocol
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessKeeper

SCRIPT = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
print("given", sys.argv[1], "but listening on", listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nconnection: close\\r\\ncontent-length: 0\\r\\n\\r\\n")
    connection.close()
"""
VARIANT = """
[[variants]]
name = "{name}"
summary = "listens on {port}"
interfaces = ["asgi"]
packages = ["topolab-test-needs-nothing"]
argv = ["{port}"]
[variants.listeners.cleartext]
protocols = ["http/1.1"]
[variants.listeners.tls]
protocols = ["http/1.1"]
"""
SERVER = f"""
name = "listener"
summary = "listens on its own port or on any free one"
command = ["{{python}}", "-c", '''{SCRIPT}''', "{{port}}"]
""" + "".join(VARIANT.format(name=name, port=port) for name, port in (("there", "{port}"), ("astray", "0")))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return catalogue_root(tmp_path / "catalogue", {"listener": SERVER}, copied=("servers", "nginx"))


@contextmanager
def impatient(root: Path, keeper: ProcessKeeper) -> Iterator[tuple[Catalogue, LocalBackend]]:
    catalogue = replace(load_catalogue(root), start_timeout_override_s=2.0)
    with LocalBackend(catalogue, find_proxies(catalogue), keeper, CpuLayout(None, None, None)) as backend:
        yield catalogue, backend


def refusal(root: Path, keeper: ProcessKeeper, topology: str, client: ClientProtocol, server: str) -> StageError:
    with impatient(root, keeper) as (catalogue, backend):
        cell = cell_of(catalogue, topology, client, server)
        with pytest.raises(StageError) as raised, backend.stack(cell):
            pass
    return raised.value


@pytest.mark.parametrize(
    ("topology", "client"),
    [
        ("direct", ClientProtocol.H1C),
        ("direct", ClientProtocol.HTTP1),
        ("alb", ClientProtocol.H2),
        ("nlb-tcp", ClientProtocol.HTTP1),
    ],
)
def test_a_server_on_a_wrong_port_is_named_with_the_port_that_it_was_given(
    root: Path, keeper: ProcessKeeper, topology: str, client: ClientProtocol
) -> None:
    error = refusal(root, keeper, topology, client, "listener-astray")
    said = re.search(r"given (\d+) but listening on (\d+)", error.log)
    assert said
    given, listening = said.groups()
    assert given != listening
    message = re.sub(r"after \d+ ms", "after N ms", error.message).replace(
        f"127.0.0.1 port {given}", f"127.0.0.1:{given}"
    )
    assert (error.stage, message) == (
        Stage.READY,
        f"no good answer from the server within 2 s on port {given}, which it was given: Failed to connect to "
        f"127.0.0.1:{given} after N ms: Could not connect to server; allow more with --start-timeout",
    )


def test_a_proxy_on_a_wrong_port_is_named_with_the_port_that_it_was_given(root: Path, keeper: ProcessKeeper) -> None:
    template = root / "nginx" / "alb.conf"
    listen = "listen ${EDGE_HOST}:${EDGE_PORT} ssl;"
    text = template.read_text(encoding="utf-8")
    assert listen in text
    template.write_text(text.replace(listen, "listen unix:edge.sock ssl;"), encoding="utf-8")
    error = refusal(root, keeper, "alb", ClientProtocol.H2, "listener-there")
    assert error.stage == Stage.READY
    message = r"no good answer from the proxy within 2 s on port (\d+), which it was given: Failed to connect to "
    assert re.match(rf"{message}127\.0\.0\.1\D+\1 after ", error.message), error.message
