"""A real h2load against real servers: every protocol and kind, with its output kept."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.driver_stage import BODY, Client, answer, closed, counted, free_port, nginx, page, scripted, worker
from support.h2load_tool import path_with
from support.keys import Keys
from support.serving import Certificate, Port, running
from topolab.drivers.load_workers import LoadWorkers
from topolab.errors import StageError
from topolab.model.outcome import Stage
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target, Workplace
from topolab.process.group import ProcessKeeper
from topolab.process.usage import members

FILES = ["h2load-requests.tsv", "h2load.txt"]


@pytest.fixture
def client(h2load_folder: Path) -> Iterator[Client]:
    with worker(path_with(h2load_folder), driver="h2load") as client:
        yield client


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Iterator[dict[bool, int]]:
    """An nginx's port, by whether it is encrypted."""
    ports = {False: free_port(), True: free_port()}
    tls = f"ssl_certificate {keys.server}; ssl_certificate_key {keys.server};"
    place = f"location = /query {{ return 200 '{BODY}'; }} location = /moved {{ return 302 /query; }}"
    servers = (
        f"server {{ listen 127.0.0.1:{ports[False]} ; http2 on; {place} }} "
        f"server {{ listen 127.0.0.1:{ports[True]} ssl; http2 on; {tls} {place} }}"
    )
    with nginx(tmp_path_factory.mktemp("nginx"), servers):
        yield ports


def target_of(ports: dict[bool, int], protocol: ClientProtocol) -> Target:
    return Target("127.0.0.1", ports[protocol.transport.encrypted], protocol)


def child_of(client: Client) -> int:
    """The process that the worker has started, once it exists."""
    deadline = time.monotonic() + 20
    while True:
        started = [pid for pid in members(client.process.pid) if pid != client.process.pid]
        if started and b"--log-file" in Path(f"/proc/{started[0]}/cmdline").read_bytes():
            return started[0]
        assert time.monotonic() < deadline, "the worker started nothing"
        time.sleep(0.005)


def later(action: object) -> None:
    """Call `action` a moment into the load."""
    threading.Timer(0.3, action).start()  # type: ignore[arg-type]


def silence(connection: socket.socket) -> None:
    """Answer one request and no more."""
    connection.recv(65_536)
    connection.sendall(answer())
    while connection.recv(65_536):
        pass


OVER = [ClientProtocol.HTTP1, ClientProtocol.H1C, ClientProtocol.H2, ClientProtocol.H2C]


@pytest.mark.parametrize("protocol", OVER)
def test_a_counted_load_makes_all_its_requests_and_keeps_its_log(
    client: Client, ports: dict[bool, int], protocol: ClientProtocol
) -> None:
    seen = client.run(target_of(ports, protocol), counted(200, Lanes(10, 2)))

    assert (seen.good_responses, seen.bad_responses, seen.responses_in_window) == (200, {}, 200)
    assert (seen.client_connections, seen.client_protocols) == (10, {protocol.protocol.value: 200})
    assert (seen.origin_protocols, seen.origin_connections, seen.series) == (None, None, ())
    assert seen.finish_seconds is not None
    assert seen.requests_per_second == pytest.approx(200 / seen.finish_seconds)
    assert 0 < seen.finish_seconds < seen.client_wall_s
    assert seen.client_cpu_s > 0
    assert sorted(client.kept) == FILES
    assert client.kept["h2load-requests.tsv"].count(b"\t200\t") == 200
    command, output = client.kept["h2load.txt"].decode().split("\n", 1)
    assert command.startswith("h2load --threads=1 --clients=10 --max-concurrent-streams=2 --requests=200 ")
    assert "requests: 200 total, 200 started, 200 done, 200 succeeded" in output


@pytest.mark.parametrize("protocol", OVER)
def test_a_timed_load_counts_its_main_part(client: Client, ports: dict[bool, int], protocol: ClientProtocol) -> None:
    seen = client.run(target_of(ports, protocol), closed(Lanes(4), driver="h2load", duration_s=1.0))

    assert (seen.seconds, seen.bad_responses, seen.client_connections) == (1.0, {}, 4)
    assert seen.requests_per_second == pytest.approx(seen.good_responses)
    assert (len(seen.series), sum(seen.series)) == (10, seen.good_responses)
    assert seen.client_protocols == {protocol.protocol.value: seen.good_responses}
    assert 0 < seen.client_cpu_s < seen.client_wall_s
    assert sorted(client.kept) == FILES


def test_a_server_of_the_catalogue_accepts_a_pipelined_load(client: Client, keys: Keys, tmp_path: Path) -> None:
    hypercorn = Port("hypercorn", "hypercorn-asyncio", "asgi", "cleartext", ("http/1.1", "h2"), (), "")
    body = '{"text":"spam, egg, spam and spam!, X!"}'
    with running(hypercorn, Certificate(keys.ca, keys.server, keys.server), tmp_path / "log") as port:
        target = Target("127.0.0.1", port, ClientProtocol.H1C)
        seen = client.run(target, counted(100, Lanes(10, 5), body=body))
    assert (seen.good_responses, seen.bad_responses) == (100, {})


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_a_target_can_be_at_an_ipv6_address(client: Client, tmp_path: Path) -> None:
    port = free_port()
    place = f"location / {{ return 200 '{BODY}'; }}"
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ; listen [::1]:{port} ; http2 on; {place} }}"):
        seen = client.run(Target("::1", port, ClientProtocol.H2C), counted(20, Lanes(2, 5)))
    assert seen.good_responses == 20


def test_one_worker_does_several_jobs_and_counts_each_ones_processor_time(
    client: Client, ports: dict[bool, int]
) -> None:
    target = target_of(ports, ClientProtocol.H1C)
    long = client.run(target, closed(Lanes(4), driver="h2load", duration_s=1.0)).client_cpu_s
    short = client.run(target, counted(10, Lanes(1))).client_cpu_s
    assert 0 < short < long


@pytest.mark.parametrize(
    ("path", "bad"), [("/moved", {"status 3xx": 20}), ("/nothing", {"status 4xx": 20})], ids=["302", "404"]
)
def test_bad_statuses_are_counted_and_leave_no_figure(
    client: Client, ports: dict[bool, int], path: str, bad: dict[str, int]
) -> None:
    seen = client.run(target_of(ports, ClientProtocol.H2), counted(20, Lanes(2, 2), path=path))
    assert (seen.good_responses, seen.bad_responses) == (0, bad)
    assert (seen.finish_seconds, seen.requests_per_second) == (None, None)


def test_a_body_of_another_length_is_reported_and_kept(client: Client, ports: dict[bool, int]) -> None:
    message = client.fail(target_of(ports, ClientProtocol.H2C), counted(20, Lanes(2), body="spam"))
    assert message == f"20 responses had {20 * len(BODY)} bytes of body, but each should have 4"
    assert sorted(client.kept) == FILES


def test_a_closed_port_leaves_every_request_unanswered(client: Client) -> None:
    seen = client.run(Target("127.0.0.1", free_port(), ClientProtocol.H2), counted(20, Lanes(2)))
    assert (seen.good_responses, seen.bad_responses, seen.client_protocols) == (0, {"not answered": 20}, {})


def test_a_server_without_the_protocol_leaves_every_request_unanswered(
    client: Client, tmp_path: Path, keys: Keys
) -> None:
    port = free_port()
    tls = f"ssl_certificate {keys.server}; ssl_certificate_key {keys.server};"
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ssl; {tls} }}"):
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H2), counted(20, Lanes(2)))
    assert (seen.good_responses, seen.bad_responses, seen.client_protocols) == (0, {"not answered": 20}, {})


def test_a_counted_load_that_exceeds_its_time_is_stopped_and_its_output_kept(client: Client) -> None:
    with scripted(silence) as port:
        message = client.fail(Target("127.0.0.1", port, ClientProtocol.H1C), counted(20, Lanes(2), timeout_s=2.0))
    assert message == "h2load did not end in time and was stopped; by then 2 requests had a good answer"
    assert client.kept["h2load-requests.tsv"].count(b"\t200\t") == 2
    assert b"Application protocol: http/1.1\n" in client.kept["h2load.txt"]
    assert [pid for pid in members(client.process.pid) if pid != client.process.pid] == []


def test_a_counted_load_whose_server_dies_has_no_figure(client: Client, tmp_path: Path) -> None:
    port = free_port()
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ; http2 on; return 200 '{BODY}'; }}") as server:
        target = Target("127.0.0.1", port, ClientProtocol.H2C)
        seen = client.run(target, counted(1_000_000, Lanes(4, 2)), on_go=lambda: later(server.kill))
    assert 0 < seen.good_responses < 1_000_000
    assert seen.bad_responses == {"not answered": 1_000_000 - seen.good_responses}
    assert (seen.finish_seconds, seen.requests_per_second) == (None, None)
    assert sorted(client.kept) == FILES


def test_a_timed_load_whose_server_dies_fails_and_its_output_is_kept(client: Client, tmp_path: Path) -> None:
    port = free_port()
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ; http2 on; return 200 '{BODY}'; }}") as server:
        target = Target("127.0.0.1", port, ClientProtocol.H2C)
        profile = closed(Lanes(4, 2), driver="h2load", duration_s=1.5)
        message = client.fail(target, profile, on_go=lambda: later(server.kill))
    assert message.startswith("8 of 8 concurrent requests stopped before the end")
    assert b"0 failed, 0 errored" in client.kept["h2load.txt"]
    assert client.kept["h2load-requests.tsv"].count(b"\t200\t") > 0


def test_a_timed_load_that_loses_one_connection_of_four_fails(client: Client) -> None:
    first = threading.Lock()

    def serve(connection: socket.socket) -> None:
        answers = 50 if first.acquire(blocking=False) else None
        while connection.recv(65_536) and answers != 0:
            time.sleep(0.005)
            connection.sendall(answer())
            answers = answers and answers - 1

    with scripted(serve) as port:
        profile = closed(Lanes(4), driver="h2load", duration_s=1.0)
        message = client.fail(Target("127.0.0.1", port, ClientProtocol.H1C), profile)
    assert message.startswith("1 of 4 concurrent requests stopped before the end")


def test_a_killed_h2load_is_reported_with_its_last_line(client: Client) -> None:
    with scripted(silence) as port:
        target = Target("127.0.0.1", port, ClientProtocol.H1C)
        message = client.fail(
            target, counted(20, Lanes(2)), on_go=lambda: later(lambda: os.kill(child_of(client), signal.SIGKILL))
        )
    assert message.startswith("h2load was ended by signal 9; its last line is '")
    assert sorted(client.kept) == FILES


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo no spam today; exit 3", "h2load ended with exit code 3; its last line is 'no spam today'"),
        (
            "echo spam; printf 'half a line'",
            "h2load ended before its main part was over; its last line is 'half a line'",
        ),
        ("", "h2load ended before its main part was over; it wrote nothing"),
    ],
)
def test_a_timed_load_that_ends_early_is_reported_and_its_output_kept(
    tmp_path: Path, script: str, message: str
) -> None:
    (tmp_path / "h2load").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "h2load").chmod(0o755)
    with worker(path_with(tmp_path), driver="h2load") as client:
        assert client.fail(Target("127.0.0.1", 1, ClientProtocol.H2), closed(Lanes(1), driver="h2load")) == message
        command, output = client.kept["h2load.txt"].decode().split("\n", 1)
    assert command.endswith("'https://edge.topolab.test:1/query?id=X'")
    assert output == {"echo no spam today; exit 3": "no spam today\n", "": ""}.get(script, "spam\nhalf a line")
    assert client.kept["h2load-requests.tsv"] == b""


def test_without_h2load_on_path_a_job_fails(tmp_path: Path) -> None:
    with worker({"PATH": str(tmp_path)}, driver="h2load") as client:
        message = client.fail(Target("127.0.0.1", 1, ClientProtocol.H2), counted(1, Lanes(1)))
    assert message == "h2load is not on PATH"


def test_another_kind_of_load_is_refused(client: Client, ports: dict[bool, int]) -> None:
    target = target_of(ports, ClientProtocol.H2)
    assert client.fail(target, page(2)) == "h2load makes no load of the kind 'page'"
    assert client.run(target, counted(2, Lanes(1))).good_responses == 2


def test_the_curl_worker_refuses_a_counted_load(ports: dict[bool, int]) -> None:
    with worker() as client:
        message = client.fail(target_of(ports, ClientProtocol.H1C), counted(1, Lanes(1)))
    assert message == "libcurl makes no load of the kind 'count'"


@pytest.mark.parametrize("kill", ["the worker", "its group"])
def test_no_h2load_is_left_when_its_worker_is_killed(
    h2load_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill: str
) -> None:
    monkeypatch.setenv("PATH", path_with(h2load_folder)["PATH"])
    with ProcessKeeper() as keeper, scripted(silence) as port:
        workers = LoadWorkers(keeper, tmp_path / "log", None)
        groups: list[int] = []

        def kill_it() -> None:
            group = workers.worker(counted(1, Lanes(1)).driver)
            assert group is not None
            groups.append(group.pgid)
            deadline = time.monotonic() + 20
            while len(members(group.pgid)) < 2 and time.monotonic() < deadline:
                time.sleep(0.005)
            (os.kill if kill == "the worker" else os.killpg)(group.pgid, signal.SIGKILL)

        target = Target("127.0.0.1", port, ClientProtocol.H1C)
        with pytest.raises(StageError) as raised:
            workers.measure(
                target, Workplace((), sys.executable, ""), counted(20, Lanes(2)),
                threading.Thread(target=kill_it).start, lambda: None, lambda _name, _content: None,
            )  # fmt: skip
        assert (raised.value.stage, raised.value.message) == (Stage.LOAD, "the load worker ended by itself")
        assert members(groups[0]) == []
