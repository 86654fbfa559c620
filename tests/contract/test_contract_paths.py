"""Every path that the harness and Locust's users ask for is one that every app answers."""

import json

import pytest
from websockets.sync.client import connect

from support.origin_client import Origin
from topolab.model import contract


@pytest.mark.parametrize(
    ("path", "message_id"),
    [
        (contract.PROOF_PATH, "proof"),
        (contract.WARM_UP_PATH, "warm-up"),
        (contract.WORK_PATH, "ready"),
        (contract.query_path("X"), "X"),
        (contract.message_path("7", 0.05), "7"),
    ],
)
def test_a_message_is_at_its_path(origin: Origin, path: str, message_id: str) -> None:
    answer = origin.get(path)
    assert (answer.status, answer.body) == (200, f'{{"text":"spam, egg, spam and spam!, {message_id}!"}}'.encode())
    assert contract.fault(answer.status, answer.headers[contract.VERSION_HEADER], body_matches=True) == ""


def test_what_else_is_asked_for_is_at_its_path(origin: Origin) -> None:
    assert origin.get(contract.HEALTH_PATH).body == b"ok"
    assert origin.get(contract.bytes_path(3)).body == b"\x00\x01\x02"
    assert origin.get(contract.PAGE_PATH).headers["content-type"].startswith("text/html")
    assert json.loads(origin.get(contract.HOP_PATH).body)["http_version"] == "1.1"
    assert origin.request("POST", contract.ECHO_PATH, body=b"spam").body == b"spam"


def test_the_chat_is_at_its_path(asgi_origin: Origin) -> None:
    with connect(f"ws://127.0.0.1:{asgi_origin.port}{contract.CHAT_PATH}", proxy=None) as websocket:
        websocket.send("spam")
        assert websocket.recv(timeout=10) == "spam"
