"""The bare app's answers that neither wait nor stream, shared by its ASGI and WSGI forms."""

from typing import NamedTuple
from urllib.parse import parse_qsl

import origin_contract as contract


class Answer(NamedTuple):
    """A whole answer of known length."""

    status: int
    content_type: str
    body: bytes


NOT_FOUND = Answer(404, contract.JSON_TYPE, contract.json_body({"detail": contract.NOT_FOUND_DETAIL}))


def parameters(query_string: str) -> dict[str, str]:
    """Return the query parameters; the last of a repeated parameter counts."""
    return dict(parse_qsl(query_string, keep_blank_values=True))


def query(query_string: str) -> Answer:
    """Answer `/query`. A lone id of letters and digits, the usual case, needs no parsing."""
    message_id = query_string[3:]
    if not (query_string.startswith("id=") and message_id.isalnum()):
        message_id = contract.parse_id(parameters(query_string).get("id"))
    return message(message_id)


def message(message_id: str) -> Answer:
    """Answer with the talk's message."""
    return Answer(200, contract.JSON_TYPE, contract.message_body(message_id))


def refusal(error: contract.BadValueError) -> Answer:
    """Answer a bad value."""
    return Answer(422, contract.JSON_TYPE, contract.json_body({"detail": str(error)}))


def delay_s(query_string: str) -> float:
    """Return how long `/message` waits, in seconds."""
    return contract.DELAY_S.parse(parameters(query_string).get("delay"))


def stream_plan(query_string: str) -> tuple[int, float]:
    """Return how many chunks `/stream` sends, and the seconds between two chunks."""
    given = parameters(query_string)
    return contract.CHUNK_COUNT.parse(given.get("chunks")), contract.INTERVAL_S.parse(given.get("interval"))


def instant(path: str) -> Answer:
    """Answer a GET that is not `/query` and does not wait, stream or report on the connection."""
    match path.split("/"):
        case ["", ""]:
            return Answer(200, contract.HTML_TYPE, contract.PAGE)
        case ["", "healthz"]:
            return Answer(200, contract.TEXT_TYPE, contract.HEALTHY)
        case ["", "bytes", count] if count:
            return Answer(200, contract.BYTES_TYPE, contract.pattern_bytes(contract.BYTE_COUNT.parse(count)))
        case _:
            return NOT_FOUND


def message_id(path: str) -> str | None:
    """Return the id in a `/message/{id}` path, None for any other path."""
    match path.split("/"):
        case ["", "message", found] if found:
            return found
        case _:
            return None
