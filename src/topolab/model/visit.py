"""The app's page as a browser opens it, and the result of a visit, stored next to the measurement as `visit.json`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from topolab.model.contract import MESSAGES_PATH, PAGE_PATH
from topolab.model.profile import PageLoad

VISITOR = "browser"
"""The driver whose loads are visits."""
PAGE_FILE = "page.json"
"""In a run: every visit that its report shows."""
VISIT_FILE = "visit.json"
SCREENSHOT_FILE = "page.png"
MOST_REQUESTS = 1000
MOST_VISITS = 5
"""How often a visit is tried when the machine's network disturbs it."""
LONGEST_DELAY_S = 30.0
PAGE_BODY = '{"text":"spam, egg, spam and spam!, {i}!"}'
"""The body that the page itself expects in every answer."""
_PATH = re.compile(rf"{MESSAGES_PATH}\{{i\}}\?delay=(\d+(?:\.\d+)?)")


def unfit_for_the_page(profile: PageLoad) -> tuple[str, str] | None:
    """The key that keeps the page's button from making a profile's load, and what it must be; else None."""
    delay = _PATH.fullmatch(profile.path)
    if delay is None or float(delay[1]) > LONGEST_DELAY_S:
        return "path", (
            f"has to be '{MESSAGES_PATH}{{i}}?delay=S' with S from 0 to {LONGEST_DELAY_S:.0f}: in a browser, the app's "
            f"page makes the requests, and only these; got {profile.path!r}"
        )
    if profile.body != PAGE_BODY:
        return "body", f"has to be {PAGE_BODY!r}, which the page in the browser checks; got {profile.body!r}"
    if profile.requests > MOST_REQUESTS:
        return "requests", f"has to be at most {MOST_REQUESTS}, the most that the page makes"
    return None


def page_path(profile: PageLoad) -> str:
    """Path and query of the page that makes the profile's requests. Raises `ValueError` if no page does."""
    delay = _PATH.fullmatch(profile.path)
    if delay is None:
        raise ValueError(f"the page never requests {profile.path}")
    return f"{PAGE_PATH}?n={profile.requests}&delay={delay[1]}"


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
