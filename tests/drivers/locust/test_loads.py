"""The Locust driver in its worker process, as in a run: with a server of topolab, and with failures."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.command import ROOT, processes_naming
from support.driver_stage import free_port
from support.serving import Certificate, discover, running
from support.users_profile import PROFILE
from topolab.drivers.load_workers import LoadWorkers
from topolab.errors import StageError
from topolab.model.measurement import Measurement
from topolab.model.profile import LoadProfile
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target, Workplace
from topolab.model.users import Journey
from topolab.process.group import ProcessKeeper

ALONE = replace(PROFILE, workers=1, journeys=(Journey.BROWSE, Journey.DASHBOARD, Journey.UPLOAD), duration_s=1.0)


class Visit:
    """One job and all its results."""

    def __init__(self, workers: LoadWorkers, port: int, catalogue: Path = ROOT) -> None:
        self._workers = workers
        self._port = port
        self._workplace = Workplace((), sys.executable, str(catalogue))
        self.passed: list[str] = []
        self.kept: dict[str, bytes] = {}

    def __call__(self, profile: LoadProfile, client: ClientProtocol = ClientProtocol.H2) -> Measurement:
        return self._workers.measure(
            Target("127.0.0.1", self._port, client),
            self._workplace,
            profile,
            lambda: self.passed.append("warm"),
            lambda: self.passed.append("loaded"),
            self.kept.__setitem__,
        )


@pytest.fixture(scope="module")
def port(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    variant = next(port for port in discover() if (port.folder, port.listener) == ("granian", "tls"))
    with running(variant, certificate, tmp_path_factory.mktemp("server") / "server.log") as number:
        yield number


@pytest.fixture
def workers(keeper: ProcessKeeper, tmp_path: Path) -> Iterator[LoadWorkers]:
    workers = LoadWorkers(keeper, tmp_path / "client.log", None)
    yield workers
    group = workers.worker("locust")
    if group is not None:
        keeper.end(group)


@pytest.mark.parametrize(
    ("client", "seen"), [(ClientProtocol.H2, ("h2", 4)), (ClientProtocol.HTTP1, ("http/1.1", None))]
)
def test_users_are_measured_on_the_protocol_of_the_target(
    workers: LoadWorkers, port: int, client: ClientProtocol, seen: tuple[str, int | None]
) -> None:
    visit = Visit(workers, port)
    measurement = visit(ALONE, client)
    assert visit.passed == ["warm", "loaded"]
    assert measurement.bad_responses == {}
    assert sum(measurement.series) == measurement.good_responses == sum(measurement.client_protocols.values()) > 0
    assert set(measurement.client_protocols) == set(measurement.origin_protocols or ()) == {seen[0]}
    assert measurement.client_connections == measurement.origin_connections
    assert seen[1] in (None, measurement.client_connections)
    assert 0 < measurement.client_cpu_s <= 1.1 * measurement.client_wall_s
    assert sorted(visit.kept) == ["locust.json", "locust.txt"]
    assert json.loads(visit.kept["locust.json"])["requests"] == measurement.good_responses
    assert b"--conduct 1" in visit.kept["locust.txt"]


def test_several_workers_give_one_measurement_and_leave_no_process(workers: LoadWorkers, port: int) -> None:
    visit = Visit(workers, port)
    measurement = visit(replace(ALONE, workers=2))
    result = json.loads(visit.kept["locust.json"])
    assert [worker["users"] for worker in result["workers"]] == [2, 2]
    assert (measurement.bad_responses, measurement.client_connections) == ({}, 4)
    assert processes_naming(f"https://127.0.0.1:{port}") == []


def test_one_job_follows_another(workers: LoadWorkers, port: int) -> None:
    visit = Visit(workers, port)
    short = replace(ALONE, journeys=(Journey.BROWSE,), warm_up_s=0.0, duration_s=0.3)
    assert min(visit(short).good_responses, visit(short, ClientProtocol.HTTP1).good_responses) > 0


def test_without_a_server_every_request_of_the_measurement_failed(workers: LoadWorkers) -> None:
    measurement = Visit(workers, free_port())(replace(ALONE, duration_s=0.3))
    assert (measurement.good_responses, list(measurement.bad_responses)) == (0, ["connection refused"])


def test_a_server_that_never_answers_is_a_failure_and_the_result_is_kept(workers: LoadWorkers) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        visit = Visit(workers, silent.getsockname()[1])
        with pytest.raises(StageError, match="no request of Locust's users ended while requests were counted"):
            visit(replace(ALONE, duration_s=0.3), ClientProtocol.H1C)
    assert json.loads(visit.kept["locust.json"])["entries"] == []


def test_a_catalogue_without_users_is_refused(workers: LoadWorkers, tmp_path: Path) -> None:
    with pytest.raises(
        StageError,
        match=r"there is no .*loadtest/locustfile.py; copy topolab's loadtest/\*\.py into",
    ):
        Visit(workers, 1, tmp_path)(ALONE)


@pytest.mark.parametrize(
    ("locustfile", "last_words"),
    [
        ("raise RuntimeError('no spam today')", "its last line is 'RuntimeError: no spam today'"),
        ("import os; os._exit(3)", "it wrote nothing"),
    ],
)
def test_a_locustfile_that_fails_is_reported_with_locusts_last_line(
    locustfile: str, last_words: str, workers: LoadWorkers, tmp_path: Path
) -> None:
    (tmp_path / "loadtest").mkdir()
    (tmp_path / "loadtest" / "locustfile.py").write_text(f"{locustfile}\n", encoding="utf-8")
    visit = Visit(workers, 1, tmp_path)
    with pytest.raises(StageError, match=f"Locust ended before its users were done; {last_words}"):
        visit(ALONE)
    assert b"/loadtest/locustfile.py" in visit.kept["locust.txt"]
