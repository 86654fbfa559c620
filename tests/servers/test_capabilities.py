"""Servers speak every protocol that they declare, and HTTP/2 only where declared."""

from pathlib import Path

import pycurl
import pytest

from support.serving import ROOT, Answer, Certificate, Port, ask, discover, running

PORTS = discover()
ORIGIN_VERSIONS = {"http/1.1": "1.1", "h2": "2", "h3": "3"}
BODY = b'{"text":"spam, egg, spam and spam!, 1!"}'


def good(protocol: str) -> Answer:
    return Answer(200, protocol, ORIGIN_VERSIONS[protocol], BODY)


@pytest.mark.parametrize("port", PORTS, ids=str)
def test_declared_protocols_are_used_on_both_ends_and_h2_only_where_declared(
    port: Port, certificate: Certificate, tmp_path: Path
) -> None:
    if reason := port.missing():
        pytest.skip(reason)
    with running(port, certificate, tmp_path / "server.log") as number:
        seen = {protocol: ask(port.listener, protocol, number, certificate) for protocol in port.protocols}
        assert seen == {protocol: good(protocol) for protocol in port.protocols}
        if port.listener == "tls" and "h2" not in port.protocols:
            assert ask("tls", "h2", number, certificate) == good("http/1.1")
        if port.listener == "cleartext" and "h2" not in port.protocols:
            with pytest.raises(pycurl.error):
                ask("cleartext", "h2", number, certificate)


def test_every_server_folder_is_covered() -> None:
    folders = {file.parent.name for file in (ROOT / "servers").glob("*/server.toml")}
    assert folders
    assert {port.folder for port in PORTS} == folders
