"""The one result of a Locust test, from one or several workers, and what happens if it cannot be written."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.command import processes_naming
from support.driver_stage import free_port
from support.locust_process import USERS, WebUi, http_requests, in_web_ui, locust, started
from support.waiting import until
from topolab.cli.exit_codes import ExitCode

NOBODY = ("--host", "http://127.0.0.1:1", "--run-time", "1s", "--tags", "upload")


@dataclass(frozen=True)
class Cluster:
    """A master with a web UI, and its two workers."""

    master: WebUi
    workers: tuple[subprocess.Popen[str], subprocess.Popen[str]]


@pytest.fixture(scope="module")
def cluster(cleartext_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master that waits for its first test, with both workers connected."""
    folder, port, web_port = tmp_path_factory.mktemp("cluster"), str(free_port()), free_port()
    result, log = folder / "result.json", folder / "log.txt"
    reach = ("--worker", "--master-host", "127.0.0.1", "--master-port", port)
    bind = ("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port)
    ui = ("--web-host", "127.0.0.1", "--web-port", str(web_port))
    options = (*USERS, "--host", cleartext_host, "--http", "2", "--result", str(result))
    with (
        started(*bind, *ui, *options, log=log) as process,
        started(*reach) as one,
        started(*reach) as other,
    ):
        master = WebUi(process, web_port, result, log)
        until(lambda: master.page()["worker_count"] == 2, process)
        yield Cluster(master, (one, other))


def test_two_workers_give_one_result(cluster: Cluster) -> None:
    began = cluster.master.start(run_time="1s", warm_up="1.2")
    result = cluster.master.ended()
    assert [worker["users"] for worker in result["workers"]] == [2, 2]
    assert min(worker["requests"] for worker in result["workers"]) > 0
    assert sum(worker["requests"] for worker in result["workers"]) == result["requests"] == http_requests(result)
    assert (result["client_protocols"], result["origin_versions"]) == (
        {"h2": result["requests"]},
        {"2": result["requests"]},
    )
    assert result["connections_opened"] == 4
    # No worker counts the warm-up.
    assert result["started_at"] - began > 1.2
    assert all(worker["seconds"] < result["ended_at"] - began - 1.2 for worker in result["workers"])


def test_a_lost_worker_is_named(cluster: Cluster) -> None:
    master = cluster.master
    master.start()
    until(lambda: "All users spawned" in master.log.read_text().rpartition("Sending spawn jobs")[2], master.process)
    cluster.workers[0].kill()
    master.process.send_signal(signal.SIGTERM)
    master.process.wait(timeout=60)
    result = json.loads(master.result.read_text())
    assert (len(result["workers"]), len(result["workers_missing"])) == (1, 1)
    said = f"No counts arrived from {result['workers_missing'][0]}: the result is incomplete"
    assert said in master.log.read_text()


@pytest.mark.parametrize(("http", "web_ui", "workers"), [("1.1", True, 0), ("2", False, 2)])
def test_a_run_in_which_no_request_ends_is_a_failure_that_says_so(http: str, web_ui: bool, workers: int) -> None:
    start = in_web_ui(free_port()) if web_ui else []
    if workers:
        start += forked(workers)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = locust("--host", host, "--http", http, "--run-time", "1s", "--tags", "browse", *start)
    assert done.returncode == 1
    assert "No request ended while requests were counted, so there is no measurement" in done.stderr


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("{folder}/nowhere/result.json", "No such file or directory"),
        ("/proc/result.json", "No such file or directory"),
        ("{folder}", "it is not a file"),
    ],
)
def test_a_result_that_could_not_be_written_is_refused_before_any_load(file: str, reason: str, tmp_path: Path) -> None:
    file = file.format(folder=tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        done = locust("--host", f"http://127.0.0.1:{server.getsockname()[1]}", "--run-time", "1s", "--result", file)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert done.returncode == ExitCode.NOT_WRITTEN
    assert [line for line in done.stderr.splitlines() if "INFO" not in line] == [
        f"--result {file} cannot be written: {reason}"
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_result_whose_folder_is_removed_during_the_test_ends_it_with_one_line(tmp_path: Path) -> None:
    folder, log = tmp_path / "folder", tmp_path / "log.txt"
    folder.mkdir()
    with started("--headless", *USERS, *NOBODY, "--result", str(folder / "result.json"), log=log) as process:
        until(lambda: "All users spawned" in log.read_text(), process)
        folder.rmdir()
        assert process.wait(timeout=60) == ExitCode.NOT_WRITTEN
    assert "Traceback" not in log.read_text()
    assert f"--result {folder}/result.json cannot be written: No such file or directory" in log.read_text()


def test_a_full_standard_output_is_reported_in_one_line() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = locust(*NOBODY, "--result", "-", stdout=full)
    finally:
        os.close(full)
    assert done.returncode == ExitCode.NOT_WRITTEN
    assert done.stderr.splitlines()[-1] == "standard output cannot be written: No space left on device"


def test_a_reader_that_has_gone_ends_locust_as_it_ends_other_tools() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = locust(*NOBODY, "--result", "-", stdout=writer)
    finally:
        os.close(writer)
    assert done.returncode == ExitCode.OUTPUT_CLOSED


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


def test_a_refusal_ends_the_workers_that_were_already_forked(tmp_path: Path) -> None:
    result = str(tmp_path / "nowhere" / "result.json")
    done = locust(*NOBODY, "--result", result, *forked(2))
    assert done.returncode == ExitCode.NOT_WRITTEN
    assert processes_naming(result) == []


def forked(workers: int) -> list[str]:
    """Options of a master that forks its workers."""
    port = str(free_port())
    bind = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]
    return ["--processes", str(workers), *bind]
