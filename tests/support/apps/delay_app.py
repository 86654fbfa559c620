"""The lane tests' ASGI app: waits `delay` seconds, and reports what was in flight per connection."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qs

_BODY = b'{"text": "spam, egg, spam and spam!, X!"}'
_in_flight: Counter[str] = Counter()
_peaks: Counter[str] = Counter()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await answer_lifespan(receive, send)
        return
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    body = _BODY
    peer = str(scope["client"][1]) if scope["client"] else ""
    if scope["path"] == "/peaks":
        body = json.dumps(_peaks).encode()
        _peaks.clear()
    elif query.get("id") != "warm-up":
        _in_flight[peer] += 1
        _peaks[peer] = max(_peaks[peer], _in_flight[peer])
        await asyncio.sleep(float(query.get("delay", 0)))
        _in_flight[peer] -= 1
    headers = [
        (b"content-length", b"%d" % len(body)),
        (b"x-origin-http-version", scope["http_version"].encode()),
        (b"x-origin-peer", peer.encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answer_lifespan(receive: Any, send: Any) -> None:
    """Start up and shut down without doing anything."""
    while True:
        event = await receive()
        await send({"type": event["type"] + ".complete"})
        if event["type"] == "lifespan.shutdown":
            return
