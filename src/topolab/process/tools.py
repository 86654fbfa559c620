"""The load tools that are other people's programs: where they are on this machine, or why they cannot be used."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from topolab.model.driver import Driver
from topolab.process.distributions import missing, not_installed

H2LOAD_OLDEST = (1, 60)
"""Before it, replies with an empty reason phrase count as failed (seen: 1.52 does so, 1.64 does not)."""
CHROMIUM = "TOPOLAB_CHROMIUM"
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable")
_APPLICATIONS = ("Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium")
_DOWNLOADED = ("chromium-*/chrome-*/chrome", "chromium*-*/chrome-*/*headless*shell", "chromium-*/chrome-mac*/*/*/*/*")
VERSION_ARGV = {
    Driver.H2LOAD: ("h2load", "--version"),
    Driver.BROWSER: ("chromium-headless-shell", "--version"),
}
"""What has each tool print its version in its image."""
_TIMEOUT_S = 10.0


def tool_versions(drivers: Iterable[Driver]) -> dict[str, str | None]:
    """What the tools of these drivers print as their version, None where that fails; libcurl is no tool of its own."""
    versions: dict[str, str | None] = {}
    for driver in sorted(set(drivers) & set(VERSION_ARGV)):
        try:
            versions[driver.value] = _printed(_version_argv(driver))
        except (OSError, subprocess.TimeoutExpired):
            versions[driver.value] = None
    return versions


def _version_argv(driver: Driver) -> tuple[str, ...]:
    """What has it print its version on this machine, where Chromium goes by many names."""
    chromium = find_chromium() if driver is Driver.BROWSER else None
    return (chromium, "--version") if chromium else VERSION_ARGV[driver]


def missing_tools() -> dict[str, str]:
    """The drivers that cannot be used on this machine, by name, with the reason and what would mend it."""
    return {driver.value: reason for driver, ask in _ASK.items() if (reason := ask())}


@cache
def missing_h2load() -> str:
    """Why h2load cannot be used here; empty where it can."""
    wanted = ".".join(map(str, H2LOAD_OLDEST))
    path = shutil.which("h2load")
    if path is None:
        return (
            f"h2load is not on PATH: install {wanted} or later (package nghttp2-client or nghttp2), "
            "or use --backend docker"
        )
    try:
        told = _printed(VERSION_ARGV[Driver.H2LOAD])
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{path} does not run: {error}"
    version = h2load_version(told)
    if version is None:
        return f"{path} is no h2load: `{path} --version` prints {told[:80]!r}"
    if version < H2LOAD_OLDEST:
        return (
            f"{path} is {told.rpartition('/')[2]}: before {wanted} it counts replies with an empty reason phrase, "
            "which some servers send, as failed; put a later one on PATH, or use --backend docker"
        )
    return ""


def h2load_version(told: str) -> tuple[int, ...] | None:
    """The version in what `h2load --version` prints, such as `h2load nghttp2/1.64.0`; None where there is none."""
    found = re.search(r"nghttp2/(\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else None


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


def missing_locust() -> str:
    """Why Locust's users cannot be sent from here; empty where they can."""
    absent = missing(("locust", "websocket-client"))
    return not_installed("the load of Locust's users", absent) if absent else ""


def _printed(argv: Iterable[str]) -> str:
    done = subprocess.run(list(argv), capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False)
    return (done.stdout or done.stderr).strip()


_ASK: dict[Driver, Callable[[], str]] = {
    Driver.H2LOAD: missing_h2load,
    Driver.BROWSER: missing_browser,
    Driver.LOCUST: missing_locust,
}
