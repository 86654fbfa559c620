"""Every server speaks what its TOML says, and nothing it leaves out: the declarations against the real thing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from topolab.backends.local import installed_version
from topolab.backends.local.certificate import CertificateFiles, issue_certificate
from topolab.catalogue import Candidate, default_root, load_catalogue
from topolab.fetch import FetchError, Response, fetch
from topolab.model.load import EDGE_NAME, Target
from topolab.model.protocol import ClientProtocol, Transport
from topolab.process.group import ProcessKeeper
from topolab.process.ports import LOOPBACK, ReservedPort

CATALOGUE = load_catalogue(default_root())
LISTENERS = [
    (candidate, transport) for candidate in CATALOGUE.candidates.values() for transport in candidate.variant.listeners
]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return issue_certificate(tmp_path_factory.mktemp("certificate"), EDGE_NAME)


@contextmanager
def serving(
    candidate: Candidate, transport: Transport, certificate: CertificateFiles, folder: Path
) -> Iterator[dict[ClientProtocol, Target]]:
    """The server with the bare app, and a target for each protocol a client could ask for on the listener."""
    with ReservedPort() as port, ProcessKeeper() as keeper:
        argv = [sys.executable, "-I", str(CATALOGUE.root / "servers" / "serve.py"), candidate.name, "--app", "bare"]
        argv += ["--listener", transport.value, "--port", str(port.number)]
        argv += ["--cert", str(certificate.chain), "--key", str(certificate.key)]
        group = keeper.start("server", argv, folder / "server.log")
        targets = {
            client: Target(LOOPBACK, port.number, client, ca_file=certificate.authority)
            for client in ClientProtocol
            if client.transport is transport
        }
        first = next(t for c, t in targets.items() if c.protocol in candidate.variant.listeners[transport].protocols)
        deadline = time.monotonic() + 20
        while True:
            try:
                fetch(first, "/healthz", 5)
                break
            except FetchError as error:
                if group.exit_code() is not None or time.monotonic() > deadline:
                    pytest.fail(f"{candidate.name} did not come up: {error}\n{group.log_tail()}")
        yield targets


def ask(target: Target) -> Response | None:
    try:
        return fetch(target, "/query?id=x", 5)
    except FetchError:
        return None


@pytest.mark.parametrize(("candidate", "transport"), LISTENERS, ids=[f"{c.name}-{t}" for c, t in LISTENERS])
def test_a_listener_speaks_the_protocols_it_declares_and_no_other(
    candidate: Candidate, transport: Transport, certificate: CertificateFiles, tmp_path: Path
) -> None:
    if any(installed_version(package) is None for package in candidate.variant.packages):
        pytest.skip(candidate.variant.missing_reason or "a package is missing")
    with serving(candidate, transport, certificate, tmp_path) as targets:
        answers = {client.protocol: ask(target) for client, target in targets.items()}
    spoken = set()
    for protocol, answer in answers.items():
        if answer is not None and answer.protocol == protocol.value and answer.status == 200:
            assert answer.headers["x-origin-http-version"] == protocol.origin_version
            spoken.add(protocol)
    assert spoken == set(candidate.variant.listeners[transport].protocols)
