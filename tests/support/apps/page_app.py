"""The ASGI app for browser tests: the real page, and one answer with the fault that the delay selects."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

_PAGE = (Path(__file__).parents[3] / "apps" / "common" / "page.html").read_bytes()
_BAD = "/message/3"
# Selected by the delay, because a page has no other parameter.
FAILING, WRONG, NAMELESS, NEVER = "0.01", "0.02", "0.03", "0.04"


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    path, delay = scope["path"], parse_qs(scope["query_string"].decode()).get("delay", ["0"])[0]
    number = path.rpartition("/")[2]
    status, body = 200, json.dumps({"text": f"spam, egg, spam and spam!, {number}!"}).encode()
    headers = [(b"x-origin-http-version", scope["http_version"].encode()), (b"x-origin-peer", _peer(scope))]
    if path == "/":
        body = _PAGE
        headers.append((b"content-type", b"text/html"))
    elif path.startswith("/message/"):
        await asyncio.sleep(float(delay))
    if path == _BAD:
        status = 500 if delay == FAILING else status
        body = b'{"text": "no spam"}' if delay == WRONG else body
        headers = [] if delay == NAMELESS else headers
        if delay == NEVER:
            await asyncio.sleep(600)
    await send({"type": "http.response.start", "status": status, "headers": [*headers, _length(body)]})
    await send({"type": "http.response.body", "body": body})


def _peer(scope: dict[str, Any]) -> bytes:
    return str(scope["client"][1] if scope["client"] else "").encode()


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % len(body)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        event = await receive()
        await send({"type": event["type"] + ".complete"})
        if event["type"] == "lifespan.shutdown":
            return
