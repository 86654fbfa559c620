"""Chromium as a process of the worker's own group, and Playwright's hold of it."""

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
"""Set where the system forbids what Chromium's sandbox is made of, and something else shuts it in: in the image."""
START_LIMIT_S = 30.0
_POLL_S = 0.01
_LOG_LINES = 6


def sandboxed() -> bool:
    """Whether Chromium may shut its own processes in. As root it refuses to; in a container it is not let."""
    return os.geteuid() != 0 and not os.environ.get(NO_SANDBOX)


@contextmanager
def chromium(playwright: Playwright, path: str, flags: Sequence[str]) -> Iterator[Browser]:
    """A Chromium with a fresh profile, gone at the end. Raises `LoadError` where it does not start.

    Started here and not by Playwright, which puts it into a session of its own: the lab ends workers by their process
    group, with SIGKILL, and Chromium has to be in it.
    """
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # Any free port of loopback, which Chromium writes down. Other users of this machine could find it, and would
        # hold a browser without a past that knows the edge alone.
        debugging = ("--remote-debugging-port=0", f"--user-data-dir={folder / 'profile'}")
        argv = [path, "--headless", *debugging, *flags, "about:blank"]
        with InnerProcess(argv, folder / "chromium.log") as process:
            browser = _connect(playwright, process, folder / "profile" / "DevToolsActivePort")
            try:
                yield browser
            finally:
                with contextlib.suppress(Error):  # gone already: InnerProcess sees to the rest
                    browser.new_browser_cdp_session().send("Browser.close")


def _connect(playwright: Playwright, process: InnerProcess, port_file: Path) -> Browser:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        told = port_file.read_text().splitlines() if port_file.exists() else []
        if len(told) == 2:
            break
        if process.ended or time.monotonic() > deadline:
            how = "ended" if process.ended else f"was not ready within {START_LIMIT_S:.0f} s"
            raise LoadError(f"Chromium {how} instead of starting: {_last_words(process)}.")
        time.sleep(_POLL_S)
    try:
        return playwright.chromium.connect_over_cdp(f"ws://127.0.0.1:{told[0]}{told[1]}", timeout=START_LIMIT_S * 1000)
    except Error as error:
        raise LoadError(f"Playwright cannot reach the Chromium it started: {error.message}.") from error


def _last_words(process: InnerProcess) -> str:
    lines = [line for line in process.log().splitlines() if line.strip()]
    text = " / ".join(lines[-_LOG_LINES:]) or "it wrote nothing"
    if "sandbox" in text.lower():
        text += f" (where nothing else can be done, {NO_SANDBOX}=1 starts it without its sandbox)"
    return text
