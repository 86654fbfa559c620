"""The contract as a bare ASGI app: a server's cost with no framework on top, so `/query` stays short."""

import anyio
import bare_answers as bare

import origin_asgi
import origin_contract as contract
from origin_asgi import Header, Receive, Scope, Send


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one HTTP request, one WebSocket or the server's lifespan."""
    if scope["type"] == "http":
        await _http(scope, receive, send)
    elif scope["type"] == "websocket":
        await origin_asgi.websocket(scope, receive, send)
    else:
        await origin_asgi.lifespan(receive, send)


async def _http(scope: Scope, receive: Receive, send: Send) -> None:
    origin = origin_asgi.origin_headers(scope)
    path: str = scope["path"]
    try:
        match scope["method"], path:
            case "GET", "/query":
                answer = bare.query(scope["query_string"].decode("latin-1"))
            case "GET", "/hop":
                body = contract.json_body(origin_asgi.hop_document(scope))
                answer = bare.Answer(200, contract.JSON_TYPE, body)
            case "GET", "/stream":
                await _stream(scope, send, origin)
                return
            case "GET", _:
                answer = await _get(scope, path)
            case "POST", "/echo":
                await origin_asgi.echo_http(scope, receive, send, origin)
                return
            case _:
                answer = bare.NOT_FOUND
    except contract.BadValueError as error:
        answer = bare.refusal(error)
    await _send(send, answer, origin, with_body=scope["method"] != "HEAD")


async def _send(send: Send, answer: bare.Answer, origin: list[Header], *, with_body: bool) -> None:
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", b"%d" % len(answer.body)),
        *origin,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    # Granian sends the body it is given even for HEAD, which is a protocol error over HTTP/2.
    await send({"type": "http.response.body", "body": answer.body if with_body else b""})


async def _get(scope: Scope, path: str) -> bare.Answer:
    message_id = bare.message_id(path)
    if message_id is None:
        return bare.instant(path)
    await anyio.sleep(bare.delay_s(scope["query_string"].decode("latin-1")))
    return bare.message(message_id)


async def _stream(scope: Scope, send: Send, origin: list[Header]) -> None:
    chunks, interval_s = bare.stream_plan(scope["query_string"].decode("latin-1"))
    headers = [(b"content-type", contract.TEXT_TYPE.encode()), *origin]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for index in range(chunks):
        if index:
            await anyio.sleep(interval_s)
        line = contract.chunk_line(index).encode()
        await send({"type": "http.response.body", "body": line, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
