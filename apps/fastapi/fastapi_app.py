"""The contract in FastAPI as users write it: async endpoints, declared parameters, exception handlers."""

import re
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from pydantic import BeforeValidator
from starlette.exceptions import HTTPException
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

import origin_asgi
import origin_contract as contract

Id = Annotated[str, BeforeValidator(contract.parse_id)]
DelayS = Annotated[float, BeforeValidator(contract.DELAY_S.parse)]
ByteCount = Annotated[int, BeforeValidator(contract.BYTE_COUNT.parse)]
ChunkCount = Annotated[int, BeforeValidator(contract.CHUNK_COUNT.parse)]
IntervalS = Annotated[float, BeforeValidator(contract.INTERVAL_S.parse)]

# The documentation pages and trailing-slash redirects would answer where the contract requires a 404.
app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
app.add_middleware(origin_asgi.OriginHeaders)


@app.exception_handler(RequestValidationError)
async def bad_value(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Name the first bad parameter and its range."""
    name = str(error.errors()[0]["loc"][-1])
    return JSONResponse({"detail": contract.DETAILS[name]}, status_code=422)


@app.exception_handler(HTTPException)
async def not_found(request: Request, _error: HTTPException) -> JSONResponse:
    """Give an unknown path and a wrong method the same answer."""
    answer = JSONResponse({"detail": contract.NOT_FOUND_DETAIL}, status_code=404)
    if request.method == "HEAD":
        # Granian sends the body it is given even for HEAD, which is a protocol error over HTTP/2.
        answer.body = b""
    return answer


@app.get("/query")
async def query(id: Id) -> dict[str, str]:
    """Answer at once."""
    return {"text": contract.message_text(id)}


@app.get("/message/{id}")
async def message(id: Id, delay: DelayS = contract.DELAY_S.default) -> dict[str, str]:
    """Answer after a wait that holds no thread."""
    await anyio.sleep(delay)
    return {"text": contract.message_text(id)}


@app.get("/")
async def page() -> HTMLResponse:
    """Answer with the talk's page."""
    return HTMLResponse(contract.PAGE)


@app.get("/hop")
async def hop(request: Request) -> dict[str, object]:
    """Report what the app saw of the connection."""
    return origin_asgi.hop_document(request.scope)


@app.get("/bytes/{n}")
async def pattern(n: ByteCount) -> Response:
    """Answer with n bytes of the pattern."""
    return Response(contract.pattern_bytes(n), media_type=contract.BYTES_TYPE)


class EchoResponse(Response):
    """The request's body, streamed back.

    Not `StreamingResponse(request.stream())`: under ASGI 2.3 servers, Starlette waits for a disconnect while it
    streams, on the same `receive`, and so consumes parts of the request's body.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send each part as it arrives; the middleware adds the origin headers."""
        await origin_asgi.echo_http(scope, receive, send, [])


@app.post("/echo")
async def echo() -> EchoResponse:
    """Send the body back."""
    return EchoResponse()


@app.get("/stream")
async def stream(
    chunks: ChunkCount = contract.CHUNK_COUNT.default, interval: IntervalS = contract.INTERVAL_S.default
) -> StreamingResponse:
    """Send lines with waits between them."""
    # Set as a header, because `media_type` would add a charset.
    return StreamingResponse(_lines(chunks, interval), headers={"content-type": contract.TEXT_TYPE})


async def _lines(chunks: int, interval_s: float) -> AsyncIterator[str]:
    for index in range(chunks):
        if index:
            await anyio.sleep(interval_s)
        yield contract.chunk_line(index)


@app.get("/healthz")
async def healthz() -> Response:
    """Say that the app is up."""
    return Response(contract.HEALTHY, headers={"content-type": contract.TEXT_TYPE})


@app.websocket(origin_asgi.WEBSOCKET_PATH)
async def websocket_echo(websocket: WebSocket) -> None:
    """Echo text and binary messages."""
    await websocket.accept()
    while (received := await websocket.receive())["type"] == "websocket.receive":
        if received.get("text") is not None:
            await websocket.send_text(received["text"])
        else:
            await websocket.send_bytes(received["bytes"])


@app.websocket("/{path:path}")
async def websocket_not_found(websocket: WebSocket) -> None:
    """Refuse a WebSocket on any other path: with a 404 if the server can, else with the server's 403."""
    if origin_asgi.DENIAL_EXTENSION in (websocket.scope.get("extensions") or {}):
        await websocket.send_denial_response(JSONResponse({"detail": contract.NOT_FOUND_DETAIL}, status_code=404))
    else:
        await websocket.close()


# Starlette ends its patterns with `$`, which also matches before a final newline (`/query%0A`).
for route in app.routes:
    if isinstance(route, Route | WebSocketRoute):
        route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")
