"""The HTTP version that libcurl is asked for, and the protocol that it reports."""

from __future__ import annotations

import socket

import pycurl
import pytest

from support.driver_stage import answer, scripted
from topolab.libcurl.handles import new_handle
from topolab.libcurl.versions import requested_version, spoken_protocol
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target


@pytest.mark.parametrize("protocol", list(ClientProtocol))
def test_h2_alone_changes_what_is_asked_for_on_encrypted_h2_only(protocol: ClientProtocol) -> None:
    both, alone = (requested_version(protocol, h2_alone=h2_alone) for h2_alone in (False, True))
    assert (both != alone) == (protocol is ClientProtocol.H2)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_protocol_is_that_of_the_response(version: str) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer().replace(b"HTTP/1.1", f"HTTP/{version}".encode(), 1))

    with scripted(serve) as port:
        target = Target("127.0.0.1", port, ClientProtocol.H1C)
        easy = new_handle(target, 10.0)
        easy.setopt(pycurl.URL, f"{target.base_url}/")
        easy.perform_rb()
        spoken = spoken_protocol(easy)
        easy.close()
    assert spoken == f"http/{version}"
