"""The locustfile in real Locust processes: checked answers, run time, and one result from one or several workers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.command import ROOT
from support.driver_stage import free_port, wait_for
from support.serving import Certificate
from support.waiting import until

LOCUST = [sys.executable, "-m", "locust", "--locustfile", str(ROOT / "loadtest" / "locustfile.py")]
USERS = ("--only-summary", "--users", "4", "--spawn-rate", "100", "--think", "0.02")
SHORT = ("--headless", *USERS)
FAULTY = ROOT / "tests" / "faults" / "faulty_server.py"


def in_web_ui(port: int, autoquit_s: int | None = 0) -> list[str]:
    """Options that start the test with a web UI on `port`, and quit `autoquit_s` after the test (None: never)."""
    quit_after = [] if autoquit_s is None else ["--autoquit", str(autoquit_s)]
    return ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(port), *quit_after]


def locust(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A whole run, headless without `--autostart`, and from a folder other than the locustfile's."""
    start = USERS if "--autostart" in arguments else SHORT
    done = subprocess.run(
        [*LOCUST, *start, *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def visit(host: str, folder: Path, *arguments: str, run_time_s: float = 1.0) -> dict[str, Any]:
    """The result of a run in which nothing failed."""
    file = folder / "result.json"
    done = locust("--host", host, "--run-time", f"{run_time_s:g}s", "--result", str(file), *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(file.read_text())
    assert ([file], result["failures"], result["user_errors"], result["workers_missing"]) == (
        list(folder.iterdir()),
        {},
        {},
        [],
    )
    return result


def names(result: dict[str, Any]) -> list[str]:
    return [f"{entry['method']} {entry['name']}" for entry in result["entries"]]


def http_requests(result: dict[str, Any]) -> int:
    return sum(entry["requests"] for entry in result["entries"] if entry["method"] in ("GET", "POST"))


def report(web_ui: int) -> dict[str, Any]:
    """The state and the statistics in the web UI on this port; they may be 2 s old."""
    with urllib.request.urlopen(f"http://127.0.0.1:{web_ui}/stats/requests", timeout=20) as answer:
        shown: dict[str, Any] = json.load(answer)
    return shown


def post(web_ui: int, path: str, **form: str) -> None:
    """Press a button of the web UI on this port."""
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{web_ui}{path}", data, timeout=20) as answer:
        assert json.load(answer)["success"]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Locust process, killed at the end if it still runs."""
    process = subprocess.Popen([*LOCUST, *arguments], stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@contextmanager
def faulty(fault: str) -> Iterator[str]:
    """The URL of a server with this fault."""
    port = free_port()
    with subprocess.Popen([sys.executable, str(FAULTY), fault, str(port)], text=True) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.mark.parametrize("host", ["tls_host", "cleartext_host"])
@pytest.mark.parametrize("http", ["1.1", "2"])
def test_every_journey_is_made_on_the_requested_protocol(
    host: str, http: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    chat = ["WS /ws/echo connect", "WS /ws/echo message"] if http == "1.1" else []
    wanted = sorted(
        ["GET /", "GET /bytes/[n]", "GET /message/[id]", "GET /query?id=[id]", "POST /echo", "SCREEN dashboard", *chat]
    )
    # Journeys are drawn at random, so a busy machine needs more time until each has come up.
    for run_time_s in (2, 8, 32):
        result = visit(request.getfixturevalue(host), tmp_path, "--http", http, run_time_s=run_time_s)
        if names(result) == wanted:
            break
    assert names(result) == wanted
    assert result["requests"] == http_requests(result) == sum(result["response_times_ms"].values())
    assert set(result["client_protocols"]) == {"h2" if http == "2" else "http/1.1"}
    assert set(result["origin_versions"]) == {http}
    assert result["client_protocols"].popitem()[1] >= result["requests"]
    assert (result["users"], result["http"], result["host"]) == (4, http, request.getfixturevalue(host))
    if http == "2":
        assert result["connections_opened"] == 4
    assert [worker["worker"] for worker in result["workers"]] == ["local"]
    assert result["client_cpu_s"] > 0


def test_a_dashboard_has_six_connections_on_http1_and_one_on_http2(cleartext_host: str, tmp_path: Path) -> None:
    connections = {
        http: visit(cleartext_host, _new(tmp_path / http), "--http", http, "--tags", "dashboard")["connections_opened"]
        for http in ("1.1", "2")
    }
    assert connections == {"1.1": 24, "2": 4}


def test_certificates_are_checked_with_a_ca_file(tls_host: str, certificate: Certificate, tmp_path: Path) -> None:
    for http in ("1.1", "2"):
        arguments = ("--http", http, "--tags", "browse", "--ca-file")
        assert visit(tls_host, _new(tmp_path / http), *arguments, str(certificate.authority))["requests"] > 0
    wrong = locust("--host", tls_host.replace("127.0.0.1", "127.0.0.2"), "--run-time", "1s", *arguments,
                   str(certificate.authority))  # fmt: skip
    assert wrong.returncode == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("wrong-body", "body differs"), ("wrong-status", "status 503"), ("no-origin", "no x-origin-http-version")],
)
def test_a_wrong_answer_is_a_failure_with_its_reason(fault: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    with faulty(fault) as host:
        # This server sends one message for every path, which is the wrong body for all that browse asks.
        done = locust("--host", host, "--run-time", "1s", "--tags", "browse", "--result", str(file))
    result = json.loads(file.read_text())
    assert done.returncode == 1
    assert result["failures"] == {reason: result["requests"]}
    assert result["good_requests_per_second"] == 0
    assert reason in done.stderr


def test_without_a_server_every_request_fails(tmp_path: Path) -> None:
    for http, reason in (("2", "connection refused"), ("1.1", "ConnectionRefusedError(111, 'Connection refused')")):
        file = tmp_path / "result.json"
        locust("--host", f"http://127.0.0.1:{free_port()}", "--http", http, "--run-time", "1s", "--tags", "upload",
               "--result", str(file))  # fmt: skip
        result = json.loads(file.read_text())
        assert result["failures"] == {reason: result["requests"]}
        assert result["client_protocols"] == result["origin_versions"] == {}


def test_two_workers_give_one_result(cleartext_host: str, tmp_path: Path) -> None:
    file, port = tmp_path / "result.json", str(free_port())
    reach = ("--master-host", "127.0.0.1", "--master-port", port)
    began = time.time()
    with started("--worker", *reach), started("--worker", *reach):
        done = locust(
            *("--host", cleartext_host, "--http", "2", "--run-time", "4s", "--warm-up", "1", "--result", str(file)),
            *("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--expect-workers", "2"),
        )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(file.read_text())
    assert [worker["users"] for worker in result["workers"]] == [2, 2]
    assert min(worker["requests"] for worker in result["workers"]) > 0
    assert sum(worker["requests"] for worker in result["workers"]) == result["requests"] == http_requests(result)
    assert (result["client_protocols"], result["origin_versions"]) == (
        {"h2": result["requests"]},
        {"2": result["requests"]},
    )
    assert (result["failures"], result["connections_opened"], result["workers_missing"]) == ({}, 4, [])
    # No worker counts the second of warm-up.
    assert result["started_at"] - began > 1
    assert all(worker["seconds"] < time.time() - began - 1 for worker in result["workers"])


def test_a_lost_worker_is_named(cleartext_host: str, tmp_path: Path) -> None:
    file, port = tmp_path / "result.json", str(free_port())
    reach = ("--master-host", "127.0.0.1", "--master-port", port)
    master = (
        *("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--expect-workers", "2"),
        *(*SHORT, "--host", cleartext_host, "--result", str(file)),
    )
    with started("--worker", *reach) as lost, started("--worker", *reach), started(*master) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "All users spawned" in line:
                break
        lost.kill()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    result = json.loads(file.read_text())
    assert (len(result["workers"]), len(result["workers_missing"])) == (1, 1)
    assert f"No counts arrived from {result['workers_missing'][0]}: the result is incomplete" in log


SLOW_IMPORT = """
import sys, time

sleep = time.sleep  # not gevent's, which would update its clock


class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "recording":
            sleep(2)


sys.meta_path.insert(0, Slow())
"""


@pytest.mark.parametrize("http", ["1.1", "2"])
@pytest.mark.parametrize("web_ui", [False, True])
def test_the_run_time_begins_when_all_users_run_however_long_imports_take(
    web_ui: bool, http: str, cleartext_host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(SLOW_IMPORT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "slow"))
    start = in_web_ui(free_port()) if web_ui else []
    result = visit(cleartext_host, _new(tmp_path / "result"), "--http", http, "--tags", "browse", *start)
    assert result["requests"] > 0
    assert result["ended_at"] - result["started_at"] >= 1


@pytest.mark.parametrize("web_ui", [False, True])
def test_the_run_time_begins_after_a_warm_up_that_is_longer(web_ui: bool, cleartext_host: str, tmp_path: Path) -> None:
    began = time.time()
    start = in_web_ui(free_port()) if web_ui else []
    result = visit(cleartext_host, tmp_path, "--http", "2", "--warm-up", "2", "--tags", "browse", *start)
    assert result["started_at"] - began > 2
    assert result["ended_at"] - result["started_at"] >= 1


@pytest.mark.parametrize(
    ("http", "web_ui", "workers"),
    [("1.1", False, 0), ("2", False, 0), ("2", False, 2), ("2", True, 0), ("1.1", True, 2)],
)
def test_a_run_in_which_no_request_ends_is_a_failure_that_says_so(http: str, web_ui: bool, workers: int) -> None:
    start = in_web_ui(free_port()) if web_ui else []
    if workers:
        port = str(free_port())
        start += ["--processes", str(workers), "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        start += ["--master-port", port]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = locust("--host", host, "--http", http, "--run-time", "1s", "--tags", "browse", *start)
    assert done.returncode == 1
    assert "No request ended while requests were counted, so there is no measurement" in done.stderr


def test_autoquit_keeps_the_web_ui_for_that_long_after_the_test(cleartext_host: str, tmp_path: Path) -> None:
    result = visit(cleartext_host, tmp_path, "--tags", "browse", *in_web_ui(free_port(), autoquit_s=2))
    assert time.time() - result["ended_at"] >= 2


def test_autoquit_also_follows_a_stop_in_the_web_ui(cleartext_host: str, tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "result.json"
    options = (*USERS, "--host", cleartext_host, "--run-time", "1h", "--tags", "browse", "--result", str(file))
    with started(*options, *in_web_ui(port)) as process:
        wait_for(port, process)
        until(lambda: report(port)["stats"][-1]["num_requests"])
        post(port, "/stop")
        assert process.wait(timeout=60) == 0
    assert json.loads(file.read_text())["requests"] > 0


def test_a_conducted_run_ends_even_with_a_web_ui(cleartext_host: str) -> None:
    arguments = ("--host", cleartext_host, "--tags", "browse", "--conduct", "0.5")
    done = locust(*arguments, *in_web_ui(free_port(), autoquit_s=None), stdin="go\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[:2] == ["topolab: warm", "topolab: counted"]


def test_a_test_started_in_the_web_ui_does_not_take_the_run_time_of_the_command_line(
    cleartext_host: str, tmp_path: Path
) -> None:
    port, file = free_port(), tmp_path / "result.json"
    options = (*USERS, "--host", cleartext_host, "--run-time", "1s", "--tags", "browse", "--result", str(file))
    with started(*options, *in_web_ui(port, autoquit_s=None)) as process:
        wait_for(port, process)
        until(file.is_file)
        until(lambda: report(port)["state"] == "stopped")
        file.unlink()
        began = time.monotonic()
        post(port, "/swarm", user_count="4", spawn_rate="100")
        until(lambda: time.monotonic() - began > 2)
        post(port, "/stop")
        until(file.is_file)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    result = json.loads(file.read_text())
    assert result["requests"] > 0
    assert result["ended_at"] - result["started_at"] > 1.5


def test_statistics_begin_after_the_warm_up(cleartext_host: str, tmp_path: Path) -> None:
    began = time.time()
    result = visit(cleartext_host, tmp_path, "--http", "2", "--warm-up", "1.5", "--tags", "browse", run_time_s=3)
    assert result["started_at"] - began > 1.5
    assert result["connections_opened"] == 4  # opened during the warm-up, and still in use


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--http", "2", "--tags", "chat"), "--tags chat needs --http 1.1"),
        (("--http", "2", "Http1Visitor"), "--http 2 uses Http2Visitor, but other users were named"),
        (("--http", "3"), "invalid choice: '3'"),
        (("--think", "-1"), "argument --think: must be a number of seconds, 0 or more, not '-1'"),
        (("--warm-up", "nan"), "argument --warm-up: must be a number of seconds, 0 or more, not 'nan'"),
    ],
)
def test_impossible_options_are_refused(arguments: tuple[str, ...], message: str) -> None:
    done = locust("--host", "http://127.0.0.1:1", "--run-time", "1s", *arguments)
    assert done.returncode != 0
    assert message in done.stderr


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
