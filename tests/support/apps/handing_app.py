"""The ASGI app for tests of 202: hands every request over, and answers polls for the result."""

from __future__ import annotations

import time
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from delay_app import answer_lifespan

_numbers = count(1)
_tasks: dict[str, tuple[float, bytes]] = {}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """`/message/{i}?delay=S` starts a task that takes S seconds, `/result/{task}` asks for its answer."""
    if scope["type"] == "lifespan":
        await answer_lifespan(receive, send)
        return
    headers = [
        (b"x-origin-http-version", scope["http_version"].encode()),
        (b"x-origin-peer", str(scope["client"][1]).encode()),
    ]
    place, _, name = scope["path"].strip("/").partition("/")
    status, body = 200, b""
    if place == "message":
        delay = float(parse_qs(scope["query_string"].decode()).get("delay", ["0"])[0])
        location = f"/result/{next(_numbers)}"
        _tasks[location] = (time.monotonic() + delay, b'{"n": "%s"}' % name.encode())
        status = 202
        headers.append((b"location", location.encode()))
    elif place == "result":
        done_at, answer = _tasks[scope["path"]]
        if time.monotonic() < done_at:
            status = 202
            headers.append((b"location", scope["path"].encode()))
        else:
            body = answer
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
