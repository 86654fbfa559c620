"""The worker's lines: many jobs, broken jobs, and the end of input."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.driver_stage import BODY, SEEN, Client, closed, free_port, nginx, opened, page
from topolab.drivers.protocol import Failed, Warm, job_line
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    port = free_port()
    place = f"location / {{ {SEEN} return 200 '{BODY}'; }}"
    with nginx(tmp_path_factory.mktemp("nginx"), f"server {{ listen 127.0.0.1:{port} ; http2 on; {place} }}"):
        yield Target("127.0.0.1", port, ClientProtocol.H2C)


def test_one_worker_does_several_jobs_each_on_its_own_connections(client: Client, target: Target) -> None:
    jobs = [closed(Lanes(2, 3)), page(5), opened(Lanes(3)), closed(Lanes(4))]

    seen = [client.run(target, job) for job in jobs]

    assert [measurement.client_connections for measurement in seen] == [2, 1, 3, 4]
    assert all(measurement.bad_responses == {} for measurement in seen)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("spam\n", "the job's line cannot be used: Invalid JSON: expected value at line 1 column 1"),
        ("[1]\n", "the job's line cannot be used: Input should be an object"),
        ("{}\n", "the job's target cannot be used: Field required"),
    ],
)
def test_a_broken_line_fails_and_the_next_job_succeeds(client: Client, target: Target, line: str, message: str) -> None:
    client.send(line)

    assert client.read() == Failed(message)
    assert client.run(target, page(2)).good_responses == 2


def test_a_job_with_an_impossible_number_names_the_field(client: Client, target: Target) -> None:
    line = job_line(target, page(2)).replace('"requests":2', '"requests":0')
    client.send(line)

    event = client.read()

    assert isinstance(event, Failed)
    assert "requests" in event.message
    assert "greater than 0" in event.message


def test_a_missing_certificate_file_fails_the_job(client: Client) -> None:
    missing = Path("/nowhere/ca.pem")

    message = client.fail(Target("127.0.0.1", 1, ClientProtocol.HTTP1, ca_file=missing), page(1))

    assert message == "the certificate file /nowhere/ca.pem does not exist"


def test_anything_but_go_after_the_warm_up_fails_the_job(client: Client, target: Target) -> None:
    client.send(job_line(target, page(2)))
    assert client.read() == Warm()
    client.send("stop\n")

    assert client.read() == Failed("expected the line 'go' after the warm-up, got 'stop'")
    assert client.run(target, page(2)).good_responses == 2


@pytest.mark.parametrize("warm_first", [False, True])
def test_the_worker_exits_with_0_when_its_input_ends(client: Client, target: Target, warm_first: bool) -> None:
    if warm_first:
        client.send(job_line(target, page(2)))
        assert client.read() == Warm()
    assert client.process.stdin is not None
    client.process.stdin.close()

    assert client.process.wait(20) == 0
