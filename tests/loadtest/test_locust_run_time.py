"""When a test of the locustfile begins to count and when it ends, however it was started."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.driver_stage import free_port
from support.locust_process import USERS, WebUi, good_result, in_web_ui, locust, started, visit
from support.waiting import until

SLOW_IMPORT_S, WARM_UP_S = 1.2, 1.2
"""Both longer than the run time, 1 s, which is the shortest that Locust has."""
SLOW_IMPORT = f"""
import sys, time

sleep = time.sleep  # not gevent's, which would update its clock


class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "recording":
            sleep({SLOW_IMPORT_S})


sys.meta_path.insert(0, Slow())
"""


@pytest.fixture(scope="module")
def web_ui(cleartext_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebUi]:
    """A Locust whose first test, of 1 s, has started by itself and ended; its web UI stays."""
    folder, port = tmp_path_factory.mktemp("web_ui"), free_port()
    result, log = folder / "result.json", folder / "log.txt"
    options = (*USERS, "--host", cleartext_host, "--run-time", "1s", "--tags", "browse", "--result", str(result))
    with started(*options, *in_web_ui(port, autoquit_s=None), log=log) as process:
        locust = WebUi(process, port, result, log)
        locust.ended()
        yield locust
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("autoquit_s", [None, 1])
def test_the_run_time_begins_when_all_users_are_warm_however_long_imports_take(
    autoquit_s: int | None, cleartext_host: str, tmp_path: Path
) -> None:
    (tmp_path / "slow").mkdir()
    (tmp_path / "result").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(SLOW_IMPORT)
    start = in_web_ui(free_port(), autoquit_s) if autoquit_s else []
    began = time.time()
    result = visit(
        *(cleartext_host, tmp_path / "result", "--http", "2", "--warm-up", str(WARM_UP_S), "--tags", "browse", *start),
        PYTHONPATH=str(tmp_path / "slow"),
    )
    ended = time.time()
    assert result["started_at"] - began > SLOW_IMPORT_S + WARM_UP_S
    assert result["ended_at"] - result["started_at"] >= 1
    assert result["requests"] > 0
    assert result["connections_opened"] == 4  # opened during the warm-up, and still in use
    # --autoquit keeps the web UI for that long after the test.
    assert ended - result["ended_at"] >= (autoquit_s or 0)


def test_the_log_says_how_long_the_test_runs(web_ui: WebUi) -> None:
    lines = web_ui.log.read_text().splitlines()
    said = [line.partition("locust.main: ")[2] for line in lines if "run time limit" in line.lower()]
    assert said == ["Run time limit set to 1 seconds, counted from when all users run and are warm"]


def test_the_log_of_a_test_without_a_run_time_says_that_it_has_none(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with started("--headless", *USERS, "--host", f"http://127.0.0.1:{free_port()}", log=log) as process:
        until(lambda: "No run time limit set, use CTRL+C to interrupt" in log.read_text(), process)


def test_a_test_started_in_the_web_ui_does_not_take_the_run_time_of_the_command_line(web_ui: WebUi) -> None:
    web_ui.start()
    started_at = time.monotonic()
    until(lambda: time.monotonic() - started_at > 1.5)
    assert not web_ui.result.exists()
    web_ui.post("/stop")
    result = web_ui.ended()
    assert result["requests"] > 0
    assert result["ended_at"] - result["started_at"] > 1


def test_the_run_time_entered_in_the_web_ui_begins_when_all_users_are_warm(web_ui: WebUi) -> None:
    began = web_ui.start(run_time="1s", warm_up=str(WARM_UP_S))
    result = web_ui.ended()
    assert result["started_at"] - began > WARM_UP_S
    assert result["ended_at"] - result["started_at"] >= 1
    assert result["requests"] > 0


def test_a_run_time_entered_while_the_test_runs_begins_at_once_and_replaces_the_former(web_ui: WebUi) -> None:
    web_ui.start(run_time="1h", warm_up="0")
    until(lambda: "counting for 3600 seconds" in web_ui.log.read_text(), web_ui.process)
    web_ui.post("/swarm", user_count="4", spawn_rate="100", run_time="2s")
    result = web_ui.ended()
    assert result["ended_at"] - result["started_at"] >= 2
    assert "Counted for 2 seconds, stopping the test; the web UI stays" in web_ui.log.read_text()


def test_autoquit_also_follows_a_stop_in_the_web_ui(cleartext_host: str, tmp_path: Path) -> None:
    port, file, log = free_port(), tmp_path / "result.json", tmp_path / "log.txt"
    options = (*USERS, "--host", cleartext_host, "--run-time", "1h", "--tags", "browse", "--result", str(file))
    with started(*options, *in_web_ui(port), log=log) as process:
        web_ui = WebUi(process, port, file, log)
        until(lambda: web_ui.requests() > 0, process)
        web_ui.post("/stop")
        assert process.wait(timeout=60) == 0
    assert good_result(file)["requests"] > 0


def test_a_conducted_run_ends_even_with_a_web_ui(cleartext_host: str) -> None:
    arguments = ("--host", cleartext_host, "--tags", "browse", "--conduct", "0.5")
    done = locust(*arguments, *in_web_ui(free_port(), autoquit_s=None), stdin="go\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[:2] == ["topolab: warm", "topolab: counted"]
    assert "Run time limit set to 0.5 seconds" in done.stderr
