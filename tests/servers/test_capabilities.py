"""Servers speak every protocol that they declare, and HTTP/2 only where declared."""

from pathlib import Path

import pycurl
import pytest

from support.serving import ROOT, Answer, Certificate, Port, ask, discover, running

PORTS = discover()
DECLARED = [(port, protocol) for port in PORTS for protocol in port.protocols]
WITHOUT_H2 = [port for port in PORTS if port.listener != "quic" and "h2" not in port.protocols]
ORIGIN_VERSIONS = {"http/1.1": "1.1", "h2": "2", "h3": "3"}
BODY = b'{"text":"spam, egg, spam and spam!, 1!"}'


def good(protocol: str) -> Answer:
    return Answer(200, protocol, ORIGIN_VERSIONS[protocol], BODY)


def named(case: tuple[Port, str]) -> str:
    return f"{case[0]}-{case[1].replace('/', '')}"


def skip_if_missing(port: Port) -> None:
    if reason := port.missing():
        pytest.skip(reason)


@pytest.mark.parametrize("case", DECLARED, ids=named)
def test_a_declared_protocol_is_used_on_both_ends(
    case: tuple[Port, str], certificate: Certificate, tmp_path: Path
) -> None:
    port, protocol = case
    skip_if_missing(port)
    with running(port, certificate, tmp_path / "server.log") as number:
        assert ask(port.listener, protocol, number, certificate) == good(protocol)


@pytest.mark.parametrize("port", [port for port in WITHOUT_H2 if port.listener == "tls"], ids=str)
def test_a_tls_listener_without_h2_negotiates_http_1(port: Port, certificate: Certificate, tmp_path: Path) -> None:
    skip_if_missing(port)
    with running(port, certificate, tmp_path / "server.log") as number:
        assert ask("tls", "h2", number, certificate) == good("http/1.1")


@pytest.mark.parametrize("port", [port for port in WITHOUT_H2 if port.listener == "cleartext"], ids=str)
def test_a_cleartext_listener_without_h2_rejects_it(port: Port, certificate: Certificate, tmp_path: Path) -> None:
    skip_if_missing(port)
    with running(port, certificate, tmp_path / "server.log") as number, pytest.raises(pycurl.error):
        ask("cleartext", "h2", number, certificate)


def test_every_server_folder_is_covered() -> None:
    folders = {file.parent.name for file in (ROOT / "servers").glob("*/server.toml")}
    assert folders
    assert {port.folder for port in PORTS} == folders
