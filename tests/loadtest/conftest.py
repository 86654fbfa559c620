"""Servers of the catalogue, started by their launcher, for Locust users and their HTTP/2 client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.serving import Certificate, discover, running


@pytest.fixture(scope="session")
def tls_host(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server with HTTP/2 and HTTP/1.1 over TLS."""
    yield from _host("granian", "tls", certificate, tmp_path_factory)


@pytest.fixture(scope="session")
def cleartext_host(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server with HTTP/2 by prior knowledge and HTTP/1.1, without TLS."""
    yield from _host("hypercorn", "cleartext", certificate, tmp_path_factory)


def _host(folder: str, listener: str, certificate: Certificate, folders: pytest.TempPathFactory) -> Iterator[str]:
    port = next(port for port in discover() if (port.folder, port.listener) == (folder, listener))
    with running(port, certificate, folders.mktemp(folder) / "server.log") as number:
        yield f"{'https' if listener == 'tls' else 'http'}://127.0.0.1:{number}"
