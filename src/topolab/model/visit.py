"""The result of a visit to the app's page, stored next to the measurement as `visit.json`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from topolab.model.outcome import Observation

PAGE_FILE = "page.json"
"""In a run: every visit that its report shows."""
VISIT_FILE = "visit.json"
SCREENSHOT_FILE = "page.png"


def visit_paths(observation: Observation) -> list[str]:
    """The files of an observation that are visits."""
    return [path for path in observation.files if PurePosixPath(path).name == VISIT_FILE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One row of the page, by the number of its message. Times are milliseconds from the press of the button.

    From `queued_ms`, it was in the browser's queue or waited for its connection; from `start_ms`, it was under way.
    `connection` is the browser's own id, or None without an answer, and then `status` is 0. `fault` is empty for a good
    answer. `requests` is above 1 if the app answered 202 and was polled: status, protocol and headers are the last
    answer's, `connection` is the first's.
    """

    number: int
    url: str
    queued_ms: float
    start_ms: float
    end_ms: float
    status: int
    protocol: str
    connection: int | None
    connection_reused: bool
    origin_http_version: str
    origin_peer: str
    fault: str
    requests: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit to the page: which browser, and every request.

    `total_ms` is from the press of the button to the end of the last response. `http2_switched_off` means that the
    browser would have spoken HTTP/2 here by default, but was told not to.
    """

    url: str
    total_ms: float
    finished: bool
    http2_switched_off: bool
    chromium: str
    playwright: str
    user_agent: str
    flags: tuple[str, ...]
    fetches: tuple[Fetch, ...]

    @property
    def connections(self) -> int:
        """How many connections the requests used."""
        return len({fetch.connection for fetch in self.fetches if fetch.connection is not None})

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols seen on the client's hop, sorted."""
        return tuple(sorted({fetch.protocol for fetch in self.fetches if fetch.protocol}))
