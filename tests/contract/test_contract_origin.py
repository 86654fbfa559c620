"""What apps report about a hop when the server says little or odd things; run in-process."""

import importlib
import io
from typing import Any

import pytest

from support.origin_client import APPS


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import modules of apps/common and apps/bare as an app does."""
    monkeypatch.syspath_prepend(str(APPS / "common"))
    monkeypatch.syspath_prepend(str(APPS / "bare"))
    return importlib.import_module


@pytest.mark.parametrize(
    ("spelling", "version"),
    [
        *[("1.0", "1.0"), ("1.1", "1.1"), ("2", "2"), ("3", "3"), ("2.0", "2"), ("HTTP/1.0", "1.0")],
        *[("HTTP/1.1", "1.1"), ("HTTP/2", "2"), ("HTTP/2.0", "2"), ("HTTP/3", "3"), ("HTTP/3.0", "3")],
        *[("", ""), ("HTTP/", ""), ("spam", "")],
    ],
)
def test_every_spelling_of_a_version_is_normalised(common: Any, spelling: str, version: str) -> None:
    contract = common("origin_contract")
    assert contract.http_version(spelling) == version


@pytest.mark.parametrize(
    ("client", "port"),
    [
        (("127.0.0.1", 4711), "4711"),
        (["127.0.0.1", 4711], "4711"),
        (None, ""),
        (("192.0.2.1", 0), ""),
        (("", None), ""),
    ],
)
def test_an_asgi_peer_is_never_invented(common: Any, client: Any, port: str) -> None:
    assert common("origin_asgi").peer_port({"client": client}) == port


@pytest.mark.parametrize(
    ("environ", "port"),
    [({"REMOTE_PORT": "4711"}, "4711"), ({"REMOTE_PORT": 4711}, "4711"), ({"REMOTE_PORT": ""}, ""), ({}, "")],
)
def test_a_wsgi_peer_is_never_invented(common: Any, environ: dict[str, Any], port: str) -> None:
    assert common("origin_wsgi").peer_port(environ) == port


def test_a_minimal_wsgi_environ_gets_an_answer(common: Any) -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/hop",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/2",
        "CONTENT_TYPE": "",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
    }
    started: list[Any] = []
    body = b"".join(common("bare_wsgi").app(environ, lambda *start: started.append(start)))
    assert body == (
        b'{"http_version":"2","scheme":"https","peer_host":null,"peer_port":null,"server_software":null,'
        b'"interface":"wsgi","forwarding_headers":{},"header_names":[]}'
    )
    assert started == [
        (
            "200 OK",
            [
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("x-origin-http-version", "2"),
                ("x-origin-peer", ""),
            ],
        )
    ]


def test_the_body_of_an_empty_request_is_one_empty_piece(common: Any) -> None:
    assert list(common("origin_wsgi").request_body({"wsgi.input": io.BytesIO()})) == [b""]
