"""The driver that visits pages with Chromium through Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from topolab.distributions import missing, not_installed
from topolab.drivers.browser.page import unfit_for_the_page
from topolab.drivers.descriptor import Descriptor
from topolab.model.profile import LoadProfile, PageLoad
from topolab.model.protocol import ClientProtocol

CHROMIUM = "TOPOLAB_CHROMIUM"
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable")
_APPLICATIONS = ("Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium")
_DOWNLOADED = ("chromium-*/chrome-*/chrome", "chromium*-*/chrome-*/*headless*shell", "chromium-*/chrome-mac*/*/*/*/*")
MOST_VISITS = 5
"""How often a visit is tried when the machine's network disturbs it."""
_GRACE_S = 180.0
_VERSION = ("chromium-headless-shell", "--version")


def find_chromium() -> str | None:
    """The Chromium to use: what TOPOLAB_CHROMIUM names, else the system's, else one that Playwright has downloaded."""
    return os.environ.get(CHROMIUM) or next(_installed_chromiums(), None)


def _installed_chromiums() -> Iterator[str]:
    yield from filter(None, map(shutil.which, _CHROMIUM_NAMES))
    for name in _APPLICATIONS:
        yield from (str(path) for path in (Path("/Applications") / name,) if path.is_file())
    caches = (os.environ.get("PLAYWRIGHT_BROWSERS_PATH"), "~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
    for folder in (Path(text).expanduser() for text in caches if text):
        for pattern in _DOWNLOADED:
            found = sorted(path for path in folder.glob(pattern) if path.is_file() and os.access(path, os.X_OK))
            yield from map(str, reversed(found))


def missing_browser() -> str:
    """Why the browser driver cannot be used here; empty where it can."""
    if absent := missing(("playwright",)):
        return not_installed("a browser's load", absent)
    path = find_chromium()
    if path is None:
        return "there is no Chromium: install Chromium, for example: sudo apt-get install chromium-headless-shell"
    if shutil.which(path) is None:
        return f"{CHROMIUM}={path}: no program is called that; unset it, or name a Chromium"
    return ""


def _local_version() -> tuple[str, ...]:
    """Chromium goes by many names on this machine."""
    chromium = find_chromium()
    return (chromium, "--version") if chromium else _VERSION


def _check(profile: LoadProfile) -> tuple[str, str] | None:
    """The app's page makes the requests, and makes no others."""
    return unfit_for_the_page(profile) if isinstance(profile, PageLoad) else None


def _longest_s(profile: LoadProfile) -> float:
    """A browser may be started twice and visit the page so often, and each other step of it has a limit of its own."""
    return (MOST_VISITS * profile.timeout_s if isinstance(profile, PageLoad) else 0.0) + _GRACE_S


DRIVER = Descriptor(
    "browser",
    frozenset({"page"}),
    visits=True,
    h2_alone_refusal="a browser offers http/1.1 beside h2, and is given that",
    check=_check,
    start_up_s=2.0,  # starting a browser, or two, loading the page, and taking its picture
    longest_s=_longest_s,
    image="browser",
    packages=("playwright",),
    refusals={ClientProtocol.H2C: "browsers speak HTTP/2 over TLS only"},
    missing=missing_browser,
    image_version=_VERSION,
    local_version=_local_version,
)
