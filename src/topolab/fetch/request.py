"""One request over a chosen protocol and transport, which proves readiness and hops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pycurl

from topolab.libcurl.errors import error_message
from topolab.libcurl.handles import new_handle
from topolab.libcurl.versions import spoken_protocol
from topolab.model.target import Target


class FetchError(Exception):
    """No complete answer came; the message is libcurl's, with the address if the connection failed."""


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer. Header names are lower-case; `protocol` is what the client's own hop spoke."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}

    status: int
    headers: Mapping[str, str]
    body: bytes
    protocol: str


def fetch(target: Target, path: str, timeout_s: float) -> Response:
    """GET `path` once, on a connection of its own. Raises `FetchError`."""
    handle = new_handle(target, timeout_s)
    body: list[bytes] = []
    lines: list[bytes] = []
    handle.setopt(pycurl.URL, target.base_url + path)
    handle.setopt(pycurl.WRITEFUNCTION, body.append)
    handle.setopt(pycurl.HEADERFUNCTION, lines.append)
    try:
        handle.perform()
    except pycurl.error as error:
        raise FetchError(_with_address(error_message(error), target)) from None
    else:
        status = handle.getinfo(pycurl.RESPONSE_CODE)
        return Response(status, _headers(lines), b"".join(body), spoken_protocol(handle))
    finally:
        handle.close()


def _with_address(message: str, target: Target) -> str:
    """Name the address that refused a connection, where libcurl names the host of the URL."""
    refused = "Failed to connect to "
    if not message.startswith(f"{refused}{target.name}"):
        return message
    return f"{refused}{target.host}{message.removeprefix(f'{refused}{target.name}')}"


def _headers(lines: list[bytes]) -> dict[str, str]:
    """The last block of header lines: those before it belong to interim (1xx) answers."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").strip().partition(":")
        if name.startswith("HTTP/"):
            headers.clear()
        elif colon:
            headers[name.lower()] = value.strip()
    return headers
