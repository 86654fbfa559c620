"""Runs Chromium in the worker's process group, and connects Playwright to it."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright

from topolab.drivers.worker import LoadError
from topolab.process.inner import InnerProcess

NO_SANDBOX = "TOPOLAB_CHROMIUM_NO_SANDBOX"
"""Set in the image: containers forbid what Chromium's sandbox needs, and confine Chromium themselves."""
START_LIMIT_S = 30.0
_POLL_S = 0.01
_LOG_LINES = 6


def sandboxed() -> bool:
    """Whether Chromium can use its sandbox. It refuses to as root, and containers do not permit it."""
    return os.geteuid() != 0 and not os.environ.get(NO_SANDBOX)


@contextmanager
def chromium(playwright: Playwright, path: str, flags: Sequence[str]) -> Iterator[Browser]:
    """Run a Chromium with a fresh profile; both are gone after the block. Raises `LoadError` if it does not start.

    Playwright would start it in a separate session, but Chromium must be in the worker's process group, which topolab
    ends with SIGKILL.
    """
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # Chromium picks a free loopback port and writes its number to a file. Other users of this machine could find
        # the port, but would control only a fresh profile that can reach only the edge.
        debugging = ("--remote-debugging-port=0", f"--user-data-dir={folder / 'profile'}")
        argv = [path, "--headless", *debugging, *flags, "about:blank"]
        with InnerProcess(argv, folder / "chromium.log") as process:
            browser = _connect(playwright, process, folder / "profile" / "DevToolsActivePort")
            try:
                yield browser
            finally:
                with contextlib.suppress(Error):  # already gone; InnerProcess does the rest
                    browser.new_browser_cdp_session().send("Browser.close")


def _connect(playwright: Playwright, process: InnerProcess, port_file: Path) -> Browser:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        address = port_file.read_text().splitlines() if port_file.exists() else []
        if len(address) == 2:
            break
        if process.ended or time.monotonic() > deadline:
            how = "ended" if process.ended else f"was not ready within {START_LIMIT_S:.0f} s"
            raise LoadError(f"Chromium {how} instead of starting: {_last_words(process)}")
        time.sleep(_POLL_S)
    try:
        url = f"ws://127.0.0.1:{address[0]}{address[1]}"
        return playwright.chromium.connect_over_cdp(url, timeout=START_LIMIT_S * 1000)
    except Error as error:
        raise LoadError(f"Playwright cannot reach the Chromium it started: {error.message}") from error


def _last_words(process: InnerProcess) -> str:
    lines = [line for line in process.log().splitlines() if line.strip()]
    text = " / ".join(lines[-_LOG_LINES:]) or "it wrote nothing"
    if "sandbox" in text.lower():
        text += f" (as a last resort, {NO_SANDBOX}=1 starts it without its sandbox)"
    return text
