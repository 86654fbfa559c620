"""Locust as a driver, in its worker process as a run starts it: against a server of the lab, and against what fails."""

from __future__ import annotations

import json
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
    """One job, and everything that came of it."""

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
def test_users_are_measured_on_the_targets_protocol(
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


def test_several_workers_on_loopback_give_one_measurement_and_leave_nothing(workers: LoadWorkers, port: int) -> None:
    visit = Visit(workers, port)
    measurement = visit(replace(ALONE, workers=2))
    told = json.loads(visit.kept["locust.json"])
    assert [worker["users"] for worker in told["workers"]] == [2, 2]
    assert (measurement.bad_responses, measurement.client_connections) == ({}, 4)
    assert processes_naming(f"https://127.0.0.1:{port}") == []


def test_one_job_follows_another(workers: LoadWorkers, port: int) -> None:
    visit = Visit(workers, port)
    short = replace(ALONE, journeys=(Journey.BROWSE,), warm_up_s=0.0, duration_s=0.3)
    assert min(visit(short).good_responses, visit(short, ClientProtocol.HTTP1).good_responses) > 0


def test_nobody_there_is_a_measurement_of_nothing_but_failures(workers: LoadWorkers) -> None:
    measurement = Visit(workers, free_port())(replace(ALONE, duration_s=0.3))
    assert (measurement.good_responses, list(measurement.bad_responses)) == (0, ["connection refused"])


def test_a_catalogue_without_users_is_told_what_it_lacks(workers: LoadWorkers, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"there is no .*loadtest/locustfile.py; a catalogue of one's own brings"):
        Visit(workers, 1, tmp_path)(ALONE)


def test_users_that_cannot_be_read_are_a_failure_with_locusts_last_line(workers: LoadWorkers, tmp_path: Path) -> None:
    (tmp_path / "loadtest").mkdir()
    (tmp_path / "loadtest" / "locustfile.py").write_text("raise RuntimeError('no spam today')\n", encoding="utf-8")
    visit = Visit(workers, 1, tmp_path)
    with pytest.raises(StageError, match=r"Locust ended before its users were done; .*no spam today"):
        visit(ALONE)
    assert b"RuntimeError: no spam today" in visit.kept["locust.txt"]
