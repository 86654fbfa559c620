"""The parts of the contract specific to ASGI: the hop as a scope describes it, streamed echo, WebSocket echo."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import origin_contract as contract

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

WEBSOCKET_PATH = "/ws/echo"
DENIAL_EXTENSION = "websocket.http.response"

_VERSION_HEADER = contract.VERSION_HEADER.encode()
_PEER_HEADER = contract.PEER_HEADER.encode()


def http_version(scope: Scope) -> str:
    """Return the HTTP version of this hop in the contract's spelling."""
    return contract.http_version(scope["http_version"])


def peer_port(scope: Scope) -> str:
    """Return the peer's port as text; empty if the server does not report it.

    Port 0 means unknown: Uvicorn sets it when it trusts X-Forwarded-For, which has no port.
    """
    client = scope.get("client")
    return str(client[1]) if client and client[1] else ""


def origin_headers(scope: Scope) -> list[Header]:
    """Return the two headers that every answer has."""
    return [(_VERSION_HEADER, http_version(scope).encode()), (_PEER_HEADER, peer_port(scope).encode())]


def hop_document(scope: Scope) -> dict[str, object]:
    """Return the `/hop` document; ASGI has no field for the server's software."""
    client = scope.get("client")
    headers: Iterable[Header] = scope["headers"]
    return contract.hop_document(
        interface="asgi",
        version=http_version(scope),
        scheme=scope["scheme"],
        peer_host=client[0] if client else None,
        peer_port=peer_port(scope),
        server_software=None,
        headers=((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers),
    )


class OriginHeaders:
    """ASGI middleware that adds the origin headers to every answer of the app, including WebSocket handshakes."""

    _STARTS = frozenset({"http.response.start", "websocket.accept", f"{DENIAL_EXTENSION}.start"})

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through, adding two headers to each message that starts an answer."""

        async def send_with_origin(message: Message) -> None:
            if message["type"] in self._STARTS:
                message["headers"] = [*message.get("headers", ()), *origin_headers(scope)]
            await send(message)

        await self.app(scope, receive, send if scope["type"] == "lifespan" else send_with_origin)


async def echo_http(scope: Scope, receive: Receive, send: Send, origin: list[Header]) -> None:
    """Stream the request's body back as it arrives; with a content-length only if the request had one."""
    received = dict(scope["headers"])
    headers = [(b"content-type", received.get(b"content-type") or contract.BYTES_TYPE.encode()), *origin]
    if b"content-length" in received:
        headers.append((b"content-length", received[b"content-length"]))
    started = False
    while True:
        # Receiving first lets the server answer `Expect: 100-continue` before the response starts.
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not started:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            started = True
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})
        if not more:
            return


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Echo text and binary messages on the contract's path; refuse the handshake on any other."""
    await receive()
    if scope["path"] != WEBSOCKET_PATH:
        await _refuse_websocket(scope, send)
        return
    await send({"type": "websocket.accept", "headers": origin_headers(scope)})
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text")
        if text is not None:
            await send({"type": "websocket.send", "text": text})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})


async def _refuse_websocket(scope: Scope, send: Send) -> None:
    if DENIAL_EXTENSION not in (scope.get("extensions") or {}):
        # The server turns this into its own 403.
        await send({"type": "websocket.close"})
        return
    body = contract.json_body({"detail": contract.NOT_FOUND_DETAIL})
    headers = [
        (b"content-type", contract.JSON_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        *origin_headers(scope),
    ]
    await send({"type": f"{DENIAL_EXTENSION}.start", "status": 404, "headers": headers})
    await send({"type": f"{DENIAL_EXTENSION}.body", "body": body})


async def lifespan(receive: Receive, send: Send) -> None:
    """Acknowledge start-up and shutdown, so that no server logs a missing lifespan."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
