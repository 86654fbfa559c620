"""Locust in processes of its own, with topolab's locustfile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.command import ROOT
from support.driver_stage import wait_for
from support.waiting import until

LOCUST = [sys.executable, "-m", "locust", "--locustfile", str(ROOT / "loadtest" / "locustfile.py")]
USERS = ("--only-summary", "--users", "4", "--spawn-rate", "100", "--think", "0.02")
ALL_USERS = {"user_count": "4", "spawn_rate": "100"}
"""What the form of the web UI sends for as many users."""


def in_web_ui(port: int, autoquit_s: int | None = 0) -> list[str]:
    """Options that start the test with a web UI on `port`, and quit `autoquit_s` after the test (None: never)."""
    quit_after = [] if autoquit_s is None else ["--autoquit", str(autoquit_s)]
    return ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(port), *quit_after]


def locust(
    *arguments: str, stdin: str = "", stdout: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A whole run, headless without `--autostart`, and from a folder other than the locustfile's."""
    start = USERS if "--autostart" in arguments else ("--headless", *USERS)
    done = subprocess.run(
        [*LOCUST, *start, *arguments], input=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60,
        check=False, cwd="/", env={**os.environ, **environment},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def visit(host: str, folder: Path, *arguments: str, run_time_s: int = 1, **environment: str) -> dict[str, Any]:
    """The result of a run in which nothing failed."""
    file = folder / "result.json"
    done = locust("--host", host, "--run-time", f"{run_time_s}s", "--result", str(file), *arguments, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(folder.iterdir()) == [file]
    return good_result(file)


def good_result(file: Path) -> dict[str, Any]:
    """The result in a file, of a test in which nothing failed."""
    result: dict[str, Any] = json.loads(file.read_text())
    assert (result["failures"], result["user_errors"], result["workers_missing"]) == ({}, {}, [])
    return result


def brief(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """A run that counts for 0.3 s, less than the shortest `--run-time`."""
    return locust("--conduct", "0.3", *arguments, stdin="go\n", stdout=stdout)


def http_requests(result: dict[str, Any]) -> int:
    return sum(entry["requests"] for entry in result["entries"] if entry["method"] in ("GET", "POST"))


@contextmanager
def started(*arguments: str, log: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """A Locust process, killed at the end if it still runs."""
    with (log or Path(os.devnull)).open("w") as stderr:
        process = subprocess.Popen([*LOCUST, *arguments], stderr=stderr, text=True, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class WebUi:
    """A running Locust with a web UI on `port`, whose tests write `result` and whose log is `log`."""

    def __init__(self, process: subprocess.Popen[str], port: int, result: Path, log: Path) -> None:
        self.process, self.port, self.result, self.log = process, port, result, log
        wait_for(port, process)

    def page(self) -> dict[str, Any]:
        """The values in its page; those of /stats/requests may be 2 s old."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=20) as answer:
            html = answer.read().decode()
        values: dict[str, Any] = json.JSONDecoder().raw_decode(html.partition("window.templateArgs = ")[2])[0]
        return values

    def requests(self) -> int:
        """How many requests the test has counted, up to 2 s ago."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats/requests", timeout=20) as answer:
            return sum(line["num_requests"] for line in json.load(answer)["stats"])

    def post(self, path: str, **form: str) -> None:
        """Press a button."""
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", data, timeout=20) as answer:
            assert json.load(answer)["success"]

    def start(self, **form: str) -> float:
        """Start a test of four users, and return when that was."""
        self.result.unlink(missing_ok=True)
        began = time.time()
        self.post("/swarm", **ALL_USERS, **form)
        return began

    def ended(self) -> dict[str, Any]:
        """The result of the test, in which nothing failed, once it has ended and another one can be started."""
        until(self.result.is_file, self.process)
        until(lambda: self.page()["state"] == "stopped", self.process)
        return good_result(self.result)
