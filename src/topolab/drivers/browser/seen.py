"""Combines what browser and page report about a visit into one `Fetch` for each row of the page. Pure."""

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
    """A response's status and headers as DevTools reports them, or what happened instead (`error`)."""

    url: str
    status: int = 0
    connection: int | None = None
    reused: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


class Wire:
    """Collects what DevTools reports about the page's requests, in the order of the reports."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.network_changed = False
        self._urls: dict[str, str] = {}

    def sent(self, event: Mapping[str, Any]) -> None:
        """Handle Network.requestWillBeSent."""
        self._urls[event["requestId"]] = event["request"]["url"]

    def received(self, event: Mapping[str, Any]) -> None:
        """Handle Network.responseReceived."""
        response = event["response"]
        headers = {name.lower(): value for name, value in response["headers"].items()}
        # An id of 0 means that no connection was used, as for a response from a cache.
        connection = int(response["connectionId"]) or None
        self.answers[event["requestId"]] = Answer(
            response["url"], response["status"], connection, response["connectionReused"], headers
        )

    def failed(self, event: Mapping[str, Any]) -> None:
        """Handle Network.loadingFailed, which also comes after a response whose body was incomplete."""
        url = self._urls.get(event["requestId"], "")
        self.answers[event["requestId"]] = Answer(url, error=event["errorText"])
        self.network_changed |= event["errorText"] == NETWORK_CHANGED


@dataclass(frozen=True, slots=True)
class PageState:
    """What the page itself knows: Resource Timing entries, the time of the press, and which rows failed.

    Times are milliseconds on the page's clock. `rows` maps message numbers to whether the row failed or is not done.
    """

    pressed: float
    now: float
    rows: Mapping[int, bool]
    entries: Sequence[Mapping[str, Any]]

    @classmethod
    def read(cls, returned: Mapping[str, Any]) -> PageState:
        """From what the page's script returned."""
        return cls(returned["pressed"], returned["now"], dict(returned["rows"]), returned["entries"])


def fetches(state: PageState, answers: Sequence[Answer]) -> tuple[Fetch, ...]:
    """A `Fetch` for each row, in order. If the app answered 202 and was asked again, one row has several requests."""
    rows = _rows_by_path(answers)
    found = []
    for number, failed in sorted(state.rows.items()):
        own = [answer for answer in answers if _row_of(answer.url, rows) == number]
        entries = [entry for entry in state.entries if _row_of(entry["url"], rows) == number]
        found.append(_fetch(number, failed, own, entries, state))
    return tuple(found)


def _fetch(
    number: int, failed: bool, answers: Sequence[Answer], entries: Sequence[Mapping[str, Any]], state: PageState
) -> Fetch:
    first = answers[0] if answers else Answer("")
    last = answers[-1] if answers else Answer("", error=UNANSWERED)
    queued = entries[0]["queued"] if entries else state.pressed
    # A request that failed before it was sent has no start time.
    start = (entries[0]["start"] or entries[0]["queued"]) if entries else state.now
    end = entries[-1]["end"] if entries else state.now
    origin = last.headers.get(VERSION_HEADER, "")
    return Fetch(
        number=number,
        url=first.url,
        queued_ms=_ms(queued - state.pressed),
        start_ms=_ms(start - state.pressed),
        end_ms=_ms(end - state.pressed),
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
    """Row numbers by the paths to which 202 answers sent the page."""
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
