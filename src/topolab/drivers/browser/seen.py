"""What browser and page tell of a visit, put together to one `Fetch` per row of the page. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from topolab.model.contract import HANDED_OVER, MESSAGES_PATH, PEER_HEADER, UNANSWERED, VERSION_HEADER, fault
from topolab.model.visit import Fetch

_MESSAGE = re.compile(rf"{MESSAGES_PATH}(\d+)")
NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response's head as the DevTools protocol tells it, or what happened instead (`error`)."""

    url: str
    status: int = 0
    connection: int | None = None
    reused: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


class Wire:
    """Collects what the DevTools protocol says of the page's requests, in the order it says it."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.network_changed = False
        self._urls: dict[str, str] = {}

    def sent(self, event: Mapping[str, Any]) -> None:
        """Network.requestWillBeSent."""
        self._urls[event["requestId"]] = event["request"]["url"]

    def received(self, event: Mapping[str, Any]) -> None:
        """Network.responseReceived."""
        told = event["response"]
        headers = {name.lower(): value for name, value in told["headers"].items()}
        # An id of 0 is a response from no connection, such as a cache's.
        connection = int(told["connectionId"]) or None
        self.answers[event["requestId"]] = Answer(
            told["url"], told["status"], connection, told["connectionReused"], headers
        )

    def failed(self, event: Mapping[str, Any]) -> None:
        """Network.loadingFailed; also after a head was received, when its body did not come whole."""
        url = self._urls.get(event["requestId"], "")
        self.answers[event["requestId"]] = Answer(url, error=event["errorText"])
        self.network_changed |= event["errorText"] == NETWORK_CHANGED


@dataclass(frozen=True, slots=True)
class PageTold:
    """What the page itself knew: Resource Timing entries, the moment of the press, and which rows it calls failed.

    Times are milliseconds on the page's clock. `rows` are true where failed or not done, by their messages' numbers.
    """

    pressed: float
    now: float
    rows: Mapping[int, bool]
    entries: Sequence[Mapping[str, Any]]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> PageTold:
        """From what the page's script returns."""
        return cls(told["pressed"], told["now"], dict(told["rows"]), told["entries"])


def fetches(told: PageTold, answers: Sequence[Answer]) -> tuple[Fetch, ...]:
    """A `Fetch` per row, in order. Several requests are one row where the app answered 202 and was asked again."""
    rows = _rows_by_path(answers)
    found = []
    for number, failed in sorted(told.rows.items()):
        own = [answer for answer in answers if _row_of(answer.url, rows) == number]
        entries = [entry for entry in told.entries if _row_of(entry["url"], rows) == number]
        found.append(_fetch(number, failed, own, entries, told))
    return tuple(found)


def _fetch(
    number: int, failed: bool, answers: Sequence[Answer], entries: Sequence[Mapping[str, Any]], told: PageTold
) -> Fetch:
    first = answers[0] if answers else Answer("")
    last = answers[-1] if answers else Answer("", error=UNANSWERED)
    queued = entries[0]["queued"] if entries else told.pressed
    # A request that failed before it was sent has no start of its own.
    start = (entries[0]["start"] or entries[0]["queued"]) if entries else told.now
    end = entries[-1]["end"] if entries else told.now
    origin = last.headers.get(VERSION_HEADER, "")
    return Fetch(
        number=number,
        url=first.url,
        queued_ms=_ms(queued - told.pressed),
        start_ms=_ms(start - told.pressed),
        end_ms=_ms(end - told.pressed),
        status=last.status,
        protocol=entries[-1]["protocol"] if entries else "",
        connection=first.connection,
        connection_reused=first.reused,
        origin_http_version=origin,
        origin_peer=last.headers.get(PEER_HEADER, ""),
        fault=_fault(last, origin, failed),
        requests=max(1, len(answers)),
    )


def _fault(last: Answer, origin: str, failed: bool) -> str:
    return last.error or fault(last.status, origin, body_matches=not failed)


def _rows_by_path(answers: Sequence[Answer]) -> dict[str, int]:
    """Whose the paths are that 202 answers sent the page to."""
    rows: dict[str, int] = {}
    for answer in answers:
        number = _row_of(answer.url, rows)
        if number is not None and answer.status == HANDED_OVER and "location" in answer.headers:
            rows[urlsplit(urljoin(answer.url, answer.headers["location"])).path] = number
    return rows


def _row_of(url: str, rows: Mapping[str, int]) -> int | None:
    path = urlsplit(url).path
    message = _MESSAGE.fullmatch(path)
    return int(message[1]) if message else rows.get(path)


def _ms(value: float) -> float:
    return round(value, 3)
