"""The contract as a bare WSGI app: a server's cost with no framework on top, so `/query` stays short."""

import time
from collections.abc import Callable, Iterable, Iterator

import bare_answers as bare

import origin_contract as contract
import origin_wsgi
from origin_wsgi import Environ

StartResponse = Callable[[str, list[tuple[str, str]]], object]

_STATUS_LINES = {200: "200 OK", 404: "404 Not Found", 422: "422 Unprocessable Content"}


def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one HTTP request."""
    origin = [
        (contract.VERSION_HEADER, origin_wsgi.http_version(environ)),
        (contract.PEER_HEADER, origin_wsgi.peer_port(environ)),
    ]
    method: str = environ["REQUEST_METHOD"]
    path = origin_wsgi.path(environ)
    try:
        match method, path:
            case "GET", "/query":
                answer = bare.query(environ.get("QUERY_STRING", ""))
            case "GET", "/hop":
                body = contract.json_body(origin_wsgi.hop_document(environ))
                answer = bare.Answer(200, contract.JSON_TYPE, body)
            case "GET", "/stream":
                chunks, interval_s = bare.stream_plan(environ.get("QUERY_STRING", ""))
                start_response(_STATUS_LINES[200], [("content-type", contract.TEXT_TYPE), *origin])
                return _stream(chunks, interval_s)
            case "GET", _:
                answer = _get(environ, path)
            case "POST", "/echo":
                start_response(_STATUS_LINES[200], [*origin_wsgi.echo_headers(environ), *origin])
                return origin_wsgi.request_body(environ)
            case _:
                answer = bare.NOT_FOUND
    except contract.BadValueError as error:
        answer = bare.refusal(error)
    headers = [("content-type", answer.content_type), ("content-length", str(len(answer.body))), *origin]
    start_response(_STATUS_LINES[answer.status], headers)
    # Some WSGI servers send the body even for HEAD, and a client would read it as the next answer.
    return [answer.body if method != "HEAD" else b""]


def _get(environ: Environ, path: str) -> bare.Answer:
    message_id = bare.message_id(path)
    if message_id is None:
        return bare.instant(path)
    # `time.sleep`, not `sleep`: Gunicorn's gevent worker patches it, so that no thread is held.
    time.sleep(bare.delay_s(environ.get("QUERY_STRING", "")))
    return bare.message(message_id)


def _stream(chunks: int, interval_s: float) -> Iterator[bytes]:
    for index in range(chunks):
        if index:
            time.sleep(interval_s)
        yield contract.chunk_line(index).encode()
