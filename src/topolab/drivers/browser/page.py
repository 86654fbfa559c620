"""The app's page as a browser opens it: the loads that its button can make, and its address for one of them."""

from __future__ import annotations

import re

from topolab.model.profile import PageLoad

MOST_REQUESTS = 1000
LONGEST_DELAY_S = 30.0
PAGE_BODY = '{"text":"spam, egg, spam and spam!, {i}!"}'
"""The body that the page itself expects in every answer."""
_PATH = re.compile(r"/message/\{i\}\?delay=(\d+(?:\.\d+)?)")


def unfit_for_the_page(profile: PageLoad) -> tuple[str, str] | None:
    """The key that keeps the page's button from making a profile's load, and what it must be; else None."""
    delay = _PATH.fullmatch(profile.path)
    if delay is None or float(delay[1]) > LONGEST_DELAY_S:
        return "path", (
            f"has to be '/message/{{i}}?delay=S' with S from 0 to {LONGEST_DELAY_S:.0f}: in a browser, the app's page "
            f"makes the requests, and only these; got {profile.path!r}"
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
    return f"/?n={profile.requests}&delay={delay[1]}"
