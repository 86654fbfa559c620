"""WebSocket echo on every app that declares ASGI."""

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from support.origin_client import Origin

NOT_FOUND = b'{"detail":"nothing here: no such path, or not with this method"}'


def test_text_and_binary_messages_are_echoed_with_their_type(asgi_origin: Origin) -> None:
    sent: list[str | bytes] = ["spam", b"\x00\xff", "", b"", "ä€🥚", "x" * 100_000, bytes(range(256)) * 400]
    received = []
    with connect(f"ws://127.0.0.1:{asgi_origin.port}/ws/echo", proxy=None) as websocket:
        for message in sent:
            websocket.send(message)
            received.append(websocket.recv(timeout=10))
    assert received == sent


def test_the_handshake_names_the_http_version_and_the_port(asgi_origin: Origin) -> None:
    with connect(f"ws://127.0.0.1:{asgi_origin.port}/ws/echo", proxy=None) as websocket:
        assert websocket.response is not None
        named = [websocket.response.headers[name] for name in ("x-origin-http-version", "x-origin-peer")]
        assert named == ["1.1", str(websocket.local_address[1])]


@pytest.mark.parametrize("path", ["/ws", "/ws/echo/", "/query"])
def test_a_handshake_on_another_path_is_not_found(asgi_origin: Origin, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{asgi_origin.port}{path}", proxy=None)
    response = refused.value.response
    assert (response.status_code, response.headers["content-type"], response.body) == (
        404,
        "application/json",
        NOT_FOUND,
    )
    assert response.headers["x-origin-http-version"] == "1.1"
