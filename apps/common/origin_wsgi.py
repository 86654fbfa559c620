"""The parts of the contract specific to WSGI: the hop as an environ describes it, and the streamed body."""

from collections.abc import Iterator
from typing import Any

import origin_contract as contract

Environ = dict[str, Any]

_READ_BYTES = 64 * 1024


def http_version(environ: Environ) -> str:
    """Return the HTTP version of this hop in the contract's spelling."""
    return contract.http_version(environ.get("SERVER_PROTOCOL", ""))


def peer_port(environ: Environ) -> str:
    """Return the peer's port as text; empty if the server does not report it, as WSGI defines no REMOTE_PORT."""
    port = environ.get("REMOTE_PORT")
    return str(port) if port and port != "0" else ""


def path(environ: Environ) -> str:
    """Return the decoded path with invalid UTF-8 replaced, as ASGI servers pass it to their apps."""
    raw: str = environ.get("PATH_INFO") or "/"
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "replace")


def hop_document(environ: Environ) -> dict[str, object]:
    """Return the `/hop` document; WSGI does not guarantee the order of headers."""
    return contract.hop_document(
        interface="wsgi",
        version=http_version(environ),
        scheme=environ["wsgi.url_scheme"],
        peer_host=environ.get("REMOTE_ADDR") or None,
        peer_port=peer_port(environ),
        server_software=environ.get("SERVER_SOFTWARE") or None,
        headers=_headers(environ),
    )


def _headers(environ: Environ) -> Iterator[tuple[str, str]]:
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            yield key[5:].replace("_", "-").lower(), str(value)
        # Some servers set these two to an empty string if the request has none.
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            yield key.replace("_", "-").lower(), str(value)


def request_body(environ: Environ) -> Iterator[bytes]:
    """Yield the request's body in pieces, at least one.

    Reads to the end of input, not to CONTENT_LENGTH, because chunked and HTTP/2 requests need no length.
    An empty body still yields a piece: Hypercorn's WSGI wrapper sends the status line only with the first piece.
    """
    stream = environ["wsgi.input"]
    yield stream.read(_READ_BYTES)
    while piece := stream.read(_READ_BYTES):
        yield piece


def echo_headers(environ: Environ) -> list[tuple[str, str]]:
    """Return the echoed body's content-type and, if the request had one, its content-length."""
    headers = [("content-type", environ.get("CONTENT_TYPE") or contract.BYTES_TYPE)]
    if environ.get("CONTENT_LENGTH"):
        headers.append(("content-length", str(environ["CONTENT_LENGTH"])))
    return headers
