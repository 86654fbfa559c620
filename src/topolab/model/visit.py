"""The app's page as a browser opens it, and what came of a visit to it: kept beside the measurement as `visit.json`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from topolab.model.profile import PageLoad

VISITOR = "browser"
"""The driver whose loads are visits."""
PAGE_FILE = "page.json"
"""Of a run: every visit that its report shows."""
VISIT_FILE = "visit.json"
SCREENSHOT_FILE = "page.png"
MOST_REQUESTS = 1000
MOST_VISITS = 5
"""How often a visit is made that the machine's network disturbs."""
LONGEST_DELAY_S = 30.0
PAGE_BODY = '{"text":"spam, egg, spam and spam!, {i}!"}'
"""What the page itself compares every answer with."""
_PATH = re.compile(r"/message/\{i\}\?delay=(\d+(?:\.\d+)?)")


def unfit_for_the_page(profile: PageLoad) -> tuple[str, str] | None:
    """The key that keeps a profile from being made by pressing the page's button, and what it has to be; else None."""
    delay = _PATH.fullmatch(profile.path)
    if delay is None or float(delay[1]) > LONGEST_DELAY_S:
        return "path", (
            f"has to be '/message/{{i}}?delay=S' with S from 0 to {LONGEST_DELAY_S:.0f}: in a browser the app's page "
            f"makes the requests, and it makes no others; not {profile.path!r}"
        )
    if profile.body != PAGE_BODY:
        return "body", f"has to be {PAGE_BODY!r}, which is what the page in the browser checks; not {profile.body!r}"
    if profile.requests > MOST_REQUESTS:
        return "requests", f"has to be {MOST_REQUESTS} or less, which is as many as the page makes"
    return None


def page_path(profile: PageLoad) -> str:
    """Path and query of the page that makes the profile's requests. Raises `ValueError` where none does."""
    delay = _PATH.fullmatch(profile.path)
    if delay is None:
        raise ValueError(f"{profile.path} is no path the page asks for")
    return f"/?n={profile.requests}&delay={delay[1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One row of the page, by the number of its message. Times are milliseconds from the press of the button.

    From `queued_ms` it stood in the browser's queue or waited for its connection, from `start_ms` it was under way.
    `connection` is the browser's own id, None where no answer came; `status` then is 0. `fault` is empty for a good
    answer. `requests` is above 1 where the app answered 202 and was asked again: status, protocol and headers are the
    last answer's, `connection` the first's.
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
    """A page visited: what the browser was, and every request of it.

    `total_ms` is from the press to the last response's end. `http2_switched_off` says that the browser, as it comes,
    would have spoken HTTP/2 here and was told not to.
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
        """How many connections the requests went over."""
        return len({fetch.connection for fetch in self.fetches if fetch.connection is not None})

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols seen on the client's hop, sorted."""
        return tuple(sorted({fetch.protocol for fetch in self.fetches if fetch.protocol}))
