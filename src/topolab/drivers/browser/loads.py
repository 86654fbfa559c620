"""A visit to the page: a warm browser on fresh connections, the press, the wait, and what was seen."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version

from playwright.sync_api import (
    Browser,
    CDPSession,
    Error,
    Page,
    Playwright,
    Response,
    TimeoutError,
    ViewportSize,
    sync_playwright,
)

from topolab.drivers.browser.chromium import chromium, sandboxed
from topolab.drivers.browser.descriptor import DRIVER, MOST_VISITS, find_chromium, missing_browser
from topolab.drivers.browser.flags import flags_for
from topolab.drivers.browser.page import page_path, unfit_for_the_page
from topolab.drivers.browser.results import measurement
from topolab.drivers.browser.seen import NETWORK_CHANGED, PageState, Wire, fetches
from topolab.drivers.protocol import Job
from topolab.drivers.worker import Gate, LoadError
from topolab.fetch import FetchError
from topolab.fetch.certificate import leaf_certificate
from topolab.model.contract import WARM_UP_PATH
from topolab.model.measurement import Measurement
from topolab.model.profile import PageLoad
from topolab.model.protocol import ClientProtocol, Protocol
from topolab.model.target import Target
from topolab.model.visit import SCREENSHOT_FILE, VISIT_FILE, Visit
from topolab.process.usage import group_usage

_OPEN_LIMIT_S = 15.0
_POLL_MS = 50
_OUTCOMES_LIMIT_S, _OUTCOMES_POLL_MS = 5.0, 5
_VIEWPORT: ViewportSize = {"width": 1040, "height": 800}
_SCREENSHOT_SCALE = 2.0

_RECORD_THE_PRESS = """
document.getElementById("go").addEventListener("click", () => { window.topolabPressed = performance.now(); }, true)
"""
_READ_STATE = """
() => ({
  pressed: window.topolabPressed,
  now: performance.now(),
  rows: [...document.querySelectorAll("#rows tr")].map(
    (row) => [Number(row.cells[0].textContent.split("/").at(-1)), row.className !== ""]),
  entries: performance.getEntriesByType("resource").filter((entry) => entry.initiatorType === "fetch").map((entry) => ({
    url: entry.name, queued: entry.startTime, start: entry.requestStart, end: entry.responseEnd,
    protocol: entry.nextHopProtocol,
  })),
})
"""


def do(job: Job, gate: Gate) -> Measurement:
    """Visit the page of one job."""
    target, profile = job.target, job.profile
    if not isinstance(profile, PageLoad) or profile.driver != DRIVER.name:
        raise LoadError(f"a browser makes no load of the kind {profile.kind!r}")
    if unfit := unfit_for_the_page(profile):
        raise LoadError(f"the profile's {unfit[0]} {unfit[1]}")
    if reason := missing_browser():
        raise LoadError(reason)
    # Playwright's connection to the browser must not use a proxy from the environment.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
    with sync_playwright() as playwright:
        try:
            with _warm_browser(playwright, target) as (browser, flags, http2_switched_off):
                return _visit(browser, flags, http2_switched_off, target, profile, gate)
        except Error as error:
            raise LoadError(f"the browser failed: {_one_line(error)}") from error


@contextmanager
def _warm_browser(playwright: Playwright, target: Target) -> Iterator[tuple[Browser, tuple[str, ...], bool]]:
    """Run a browser that has made its first request. HTTP/2 is off if HTTP/1.1 is planned but the browser chose HTTP/2.

    Only then: if the edge has no HTTP/2, the browser must arrive at HTTP/1.1 by itself, as any user's browser does.
    """
    leaf = _checked_leaf(target)
    path = find_chromium() or ""
    flags = flags_for(target, leaf, http2=True, sandbox=sandboxed())
    with chromium(playwright, path, flags) as browser:
        switch_off = _warm_up(browser, target) == Protocol.H2 and target.client_protocol is ClientProtocol.HTTP1
        if not switch_off:
            yield browser, flags, False
            return
    flags = flags_for(target, leaf, http2=False, sandbox=sandboxed())
    with chromium(playwright, path, flags) as browser:
        _warm_up(browser, target)
        yield browser, flags, True


def _checked_leaf(target: Target) -> bytes | None:
    if not target.client_protocol.transport.encrypted:
        return None
    try:
        return leaf_certificate(target, WARM_UP_PATH, _OPEN_LIMIT_S)
    except FetchError as error:
        raise LoadError(f"the edge's certificate cannot be checked: {error}") from error


def _warm_up(browser: Browser, target: Target) -> str:
    """Send one request in a separate context, discarded with its connections. Return the protocol of the answer."""
    context = browser.new_context()
    try:
        page = context.new_page()
        _go_to(page, target.base_url + WARM_UP_PATH)
        return str(page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol"))
    except Error as error:
        raise LoadError(f"the browser's first request failed: {_one_line(error)}") from error
    finally:
        context.close()


def _visit(
    browser: Browser, flags: tuple[str, ...], http2_switched_off: bool, target: Target, profile: PageLoad, gate: Gate
) -> Measurement:
    """Visit until a visit is undisturbed. Keep its files and return its measurement."""
    for _ in range(MOST_VISITS):
        # A new context: no sockets, TLS sessions or cache from the warm-up or from an earlier visit.
        context = browser.new_context(
            viewport=_VIEWPORT, device_scale_factor=_SCREENSHOT_SCALE, color_scheme="light", reduced_motion="reduce"
        )
        page, wire = context.new_page(), Wire()
        _listen(context.new_cdp_session(page), wire)
        _open(page, target, profile)
        gate.warm()
        began, used = time.monotonic(), _cpu_s()
        page.click("#go", no_wait_after=True, timeout=_OPEN_LIMIT_S * 1000)
        finished = _finished_within(page, profile.timeout_s)
        wall_s, cpu_s = time.monotonic() - began, _cpu_s() - used
        state = _state_with_outcomes(page, wire, finished)
        if not wire.network_changed:
            break
        context.close()
    else:
        raise LoadError(
            f"this machine's network changed during each of {MOST_VISITS} visits, for example because containers or a "
            "VPN come and go, and Chromium then drops its connections. Run this when the network does not change, or "
            "with --backend docker, where the browser has a separate network"
        )
    gate.loaded()
    seen = fetches(state, list(wire.answers.values()))
    visit = Visit(
        url=page.url,
        total_ms=max((fetch.end_ms for fetch in seen), default=0.0),
        finished=finished,
        http2_switched_off=http2_switched_off,
        chromium=browser.version,
        playwright=version("playwright"),
        user_agent=page.evaluate("navigator.userAgent"),
        flags=flags,
        fetches=seen,
    )
    gate.keep(VISIT_FILE, (json.dumps(asdict(visit), indent=1) + "\n").encode())
    gate.keep(SCREENSHOT_FILE, page.screenshot(full_page=True))
    if not finished:
        good = sum(not fetch.fault for fetch in seen)
        raise LoadError(
            f"the page was not finished within {profile.timeout_s:g} s: "
            f"{good} of {profile.requests} requests were answered"
        )
    return measurement(visit, cpu_s, wall_s)


def _listen(session: CDPSession, wire: Wire) -> None:
    session.on("Network.requestWillBeSent", wire.sent)
    session.on("Network.responseReceived", wire.received)
    session.on("Network.loadingFailed", wire.failed)
    session.send("Network.enable")


def _open(page: Page, target: Target, profile: PageLoad) -> None:
    """Load the page before the press, as a person would, so that its fetches find only the page's connection open.

    That is one of six over HTTP/1.1, and the only one over HTTP/2.
    """
    path = page_path(profile)
    answer = _go_to(page, target.base_url + path)
    if answer is None or answer.status != 200 or page.locator("#go").count() != 1:
        status = f"status {answer.status}" if answer else "nothing"
        raise LoadError(f"{path} was answered with {status}, or the page has no button")
    page.evaluate(_RECORD_THE_PRESS)


def _go_to(page: Page, url: str) -> Response | None:
    """Open `url`. Retry if this machine's network changed meanwhile, because that is not the server's fault."""
    for _ in range(MOST_VISITS - 1):
        try:
            return page.goto(url, timeout=_OPEN_LIMIT_S * 1000)
        except Error as error:
            if NETWORK_CHANGED not in error.message:
                raise
    return page.goto(url, timeout=_OPEN_LIMIT_S * 1000)


def _finished_within(page: Page, limit_s: float) -> bool:
    try:
        page.wait_for_function("document.body.dataset.done", timeout=limit_s * 1000, polling=_POLL_MS)
    except TimeoutError:
        return False
    return True


def _state_with_outcomes(page: Page, wire: Wire, finished: bool) -> PageState:
    """Page state, once DevTools has reported an outcome for every request in it.

    The page gets an answer before DevTools reports it to us, with its headers or a network change.
    """
    deadline = time.monotonic() + _OUTCOMES_LIMIT_S
    state = PageState.read(page.evaluate(_READ_STATE))
    known = max(len(state.entries), len(state.rows) if finished else 0)
    while len(wire.answers) <= known and time.monotonic() < deadline:  # the page itself is one more
        page.wait_for_timeout(_OUTCOMES_POLL_MS)
    return state


def _cpu_s() -> float:
    """Processor time of this process group, including Chromium; without counters, only of this process."""
    usage = group_usage(os.getpgrp())
    return time.process_time() if usage is None else usage.cpu_s


def _one_line(error: Error) -> str:
    return " ".join(error.message.split())
