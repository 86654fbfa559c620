"""The contract that every app implements, in one place: texts, limits, validation, patterns and documents.

Standard library only, so that an app needs only its own framework besides.

An app may hand `/message` over to a worker outside the server. It then answers 202 with a small JSON body and a
`location`, `/result/{task id}`, which the client polls every POLL_S seconds. The result is 202 with the same `location`
until the wait is over, and from then on the answer that other apps give to `/message`. Bad values are refused before
anything is handed over. A malformed task id gets a 422, and an unknown one a 404.
"""

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

Number = TypeVar("Number", int, float)

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain"
HTML_TYPE = "text/html; charset=utf-8"
BYTES_TYPE = "application/octet-stream"

VERSION_HEADER = "x-origin-http-version"
PEER_HEADER = "x-origin-peer"
FORWARDING_HEADERS = frozenset(
    {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "x-amzn-trace-id", "forwarded", "via"}
)

PAGE = Path(__file__).with_name("page.html").read_bytes()
HEALTHY = b"ok"
NOT_FOUND_DETAIL = "nothing here: no such path, or not with this method"

POLL_S = 0.25
"""Seconds from a 202 to the client's next poll; the page and the load drivers use the same value."""
HANDED_OVER_DETAIL = "handed over: the result will be at this location"
TASK_ID_DETAIL = "a task's id must be a UUID in lower case"

_PATTERN = bytes(range(256)) * 256
# Every spelling that the servers use, precomputed: this is on the hot path.
_SPELLINGS = {"1.0": ("1.0", "1"), "1.1": ("1.1",), "2": ("2", "2.0"), "3": ("3", "3.0")}
_HTTP_VERSIONS = {
    prefix + spelling: version
    for version, spellings in _SPELLINGS.items()
    for spelling in spellings
    for prefix in ("", "HTTP/")
}
_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class BadValueError(ValueError):
    """A request has a value outside the contract; the text is the `detail` of the 422 answer."""


@dataclass(frozen=True)
class Parameter(Generic[Number]):
    """One numeric request parameter: its name, its range (both ends included) and its default."""

    name: str
    read: Callable[[str], Number]
    lowest: Number
    highest: Number
    default: Number

    @property
    def detail(self) -> str:
        """The allowed values, as the 422 answer states them."""
        kind = "a whole number" if self.read is int else "a finite number"
        return f"{self.name} must be {kind} from {self.lowest:.15g} to {self.highest:.15g}"

    def parse(self, text: str | None) -> Number:
        """Parse `text` (None: the default), or raise BadValueError."""
        if text is None:
            return self.default
        # int() and float() also accept "1_000", " 1 " and digits of other scripts; frameworks differ on these.
        if not text.isascii() or "_" in text or text.strip() != text:
            raise BadValueError(self.detail)
        try:
            value = self.read(text)
        except ValueError as error:
            raise BadValueError(self.detail) from error
        # This also refuses nan and the infinities; math.isfinite() fails on integers too large for a float.
        if not self.lowest <= value <= self.highest:
            raise BadValueError(self.detail)
        return value


DELAY_S = Parameter("delay", float, 0.0, 30.0, default=3.0)
BYTE_COUNT = Parameter("n", int, 0, 16 * 1024 * 1024, default=0)
CHUNK_COUNT = Parameter("chunks", int, 1, 1000, default=5)
INTERVAL_S = Parameter("interval", float, 0.0, 10.0, default=0.1)
ID_DETAIL = "id must be a non-empty string"

DETAILS = {
    "id": ID_DETAIL,
    DELAY_S.name: DELAY_S.detail,
    BYTE_COUNT.name: BYTE_COUNT.detail,
    CHUNK_COUNT.name: CHUNK_COUNT.detail,
    INTERVAL_S.name: INTERVAL_S.detail,
}


def parse_id(text: str | None) -> str:
    """Return the id, or raise BadValueError if it is missing or empty."""
    if not text:
        raise BadValueError(ID_DETAIL)
    return text


def result_path(task_id: str) -> str:
    """Return the path of a task's result."""
    return f"/result/{task_id}"


def parse_task_id(text: str) -> str:
    """Return the id, or raise BadValueError if no task can have it."""
    try:
        canonical = str(uuid.UUID(text))
    except ValueError as error:
        raise BadValueError(TASK_ID_DETAIL) from error
    if canonical != text:  # uuid.UUID() also accepts braces, urn: and capital letters
        raise BadValueError(TASK_ID_DETAIL)
    return text


def message_text(message_id: str) -> str:
    """Return the talk's message for this id."""
    return f"spam, egg, spam and spam!, {message_id}!"


def json_body(value: object) -> bytes:
    """Encode as every app must: compact, UTF-8, escaping only what JSON requires."""
    return _encode_json(value).encode("utf-8", "replace")


def message_body(message_id: str) -> bytes:
    """Return a message as JSON. A lone string takes the encoder's fast path; a dictionary would not."""
    return b'{"text":%b}' % json_body(message_text(message_id))


def pattern_bytes(count: int) -> bytes:
    """Return `count` bytes of the fixed pattern 0, 1, ... 255, 0, 1, ..."""
    whole, rest = divmod(count, len(_PATTERN))
    return _PATTERN * whole + _PATTERN[:rest]


def chunk_line(index: int) -> str:
    """Return one line of the streamed text; the first has index 0."""
    return f"chunk {index}\n"


def http_version(spelling: str) -> str:
    """Normalise `1.1`, `HTTP/1.1`, `HTTP/2.0` ... to 1.0, 1.1, 2 or 3, and unknown spellings to an empty string."""
    return _HTTP_VERSIONS.get(spelling, "")


def hop_document(
    *,
    interface: str,
    version: str,
    scheme: str,
    peer_host: str | None,
    peer_port: str,
    server_software: str | None,
    headers: Iterable[tuple[str, str]],
) -> dict[str, object]:
    """Return what `/hop` answers.

    `headers` have lower-case names; a repeated header is listed once, with its values joined.
    """
    received: dict[str, str] = {}
    for name, value in headers:
        received[name] = f"{received[name]}, {value}" if name in received else value
    return {
        "http_version": version,
        "scheme": scheme,
        "peer_host": peer_host,
        "peer_port": int(peer_port) if peer_port else None,
        "server_software": server_software,
        "interface": interface,
        "forwarding_headers": {name: value for name, value in received.items() if name in FORWARDING_HEADERS},
        "header_names": list(received),
    }
