"""The harness's side of load workers: one per driver, files passed on, lost ones replaced."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.driver_stage import BODY, SEEN, closed, counted, free_port, nginx, page
from support.h2load_tool import path_with
from topolab.drivers.load_workers import LoadWorkers
from topolab.drivers.protocol import Failed, Loaded, Warm, event_line
from topolab.errors import StageError
from topolab.model.measurement import Measurement
from topolab.model.outcome import Stage
from topolab.model.profile import Lanes, LoadProfile
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target, Workplace
from topolab.process.group import ProcessKeeper

HERE = Workplace((), sys.executable, "")
ORDER = "`do` must call gate.warm() before the load and gate.loaded() after it"
COUNTED = counted(20, Lanes(2, 2))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    port = free_port()
    place = f"location / {{ {SEEN} return 200 '{BODY}'; }}"
    with nginx(tmp_path_factory.mktemp("nginx"), f"server {{ listen 127.0.0.1:{port} ; http2 on; {place} }}"):
        yield Target("127.0.0.1", port, ClientProtocol.H2C)


@pytest.fixture
def workers(h2load_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoadWorkers]:
    monkeypatch.setenv("PATH", path_with(h2load_folder)["PATH"])
    with ProcessKeeper() as keeper:
        yield LoadWorkers(keeper, tmp_path / "log", None)


def measure(
    workers: LoadWorkers, target: Target, profile: LoadProfile, workplace: Workplace = HERE
) -> tuple[Measurement | StageError, list[str]]:
    """The load's result, and the events and files on the way, in order."""
    told: list[str] = []
    try:
        result: Measurement | StageError = workers.measure(
            target, workplace, profile,
            lambda: told.append("warm"), lambda: told.append("loaded"), lambda name, _content: told.append(name),
        )  # fmt: skip
    except StageError as error:
        result = error
    return result, told


def test_each_driver_keeps_its_own_worker_for_the_next_job(workers: LoadWorkers, target: Target) -> None:
    assert (workers.worker("curl"), workers.worker("h2load")) == (None, None)
    for profile in (page(2), COUNTED):
        assert isinstance(measure(workers, target, profile)[0], Measurement)
    first = [workers.worker(driver) for driver in ("curl", "h2load")]
    for profile in (closed(Lanes(1)), closed(Lanes(1), driver="h2load")):
        assert isinstance(measure(workers, target, profile)[0], Measurement)
    assert [workers.worker(driver) for driver in ("curl", "h2load")] == first
    assert None not in first
    assert first[0] != first[1]


@pytest.mark.parametrize("profile", [COUNTED, closed(Lanes(2), driver="h2load")], ids=["counted", "timed"])
def test_the_counters_are_read_before_the_files_arrive(
    workers: LoadWorkers, target: Target, profile: LoadProfile
) -> None:
    told = measure(workers, target, profile)[1]
    assert told == ["warm", "loaded", "h2load.txt", "h2load-requests.tsv"]


def test_a_failed_loads_files_arrive_and_its_worker_continues(workers: LoadWorkers, target: Target) -> None:
    error, told = measure(workers, target, counted(20, Lanes(2), body="spam"))
    assert isinstance(error, StageError)
    assert (error.stage, error.message) == (
        Stage.LOAD,
        f"20 responses had {20 * len(BODY)} bytes of body, but each should have 4",
    )
    assert told == ["warm", "loaded", "h2load.txt", "h2load-requests.tsv"]
    worker = workers.worker("h2load")
    assert isinstance(measure(workers, target, COUNTED)[0], Measurement)
    assert workers.worker("h2load") == worker


def test_a_failure_before_warm_is_a_failure_of_the_warm_up(workers: LoadWorkers, target: Target) -> None:
    error, told = measure(workers, Target("127.0.0.1", 1, target.client_protocol, ca_file=Path("/nowhere")), COUNTED)
    assert isinstance(error, StageError)
    assert (error.stage, error.message, told) == (Stage.WARM_UP, "the certificate file /nowhere does not exist", [])


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo spam",
            "the load worker broke the protocol: its line cannot be used: Invalid JSON: expected value at line 1 "
            "column 1; it wrote 'spam'",
        ),
        ("exit 3", "the load worker ended by itself"),
        ('echo \'{"event": "loaded"}\'; sleep 600', f"the load worker sent Loaded instead of Warm: {ORDER}"),
    ],
)
def test_a_worker_that_breaks_the_protocol_is_ended_and_replaced(
    workers: LoadWorkers, target: Target, script: str, message: str
) -> None:
    broken = Workplace(("sh", "-c", f"read job; echo no spam today >&2; {script}"), "", "")
    error, told = measure(workers, target, page(2), broken)
    assert isinstance(error, StageError)
    assert (error.stage, error.message, error.log, told) == (Stage.WARM_UP, message, "[load worker]\nno spam today", [])
    assert workers.worker("curl") is None
    assert isinstance(measure(workers, target, page(2))[0], Measurement)


def test_a_remote_worker_replaces_the_local_one(workers: LoadWorkers, target: Target) -> None:
    assert isinstance(measure(workers, target, page(2))[0], Measurement)
    here = workers.worker("curl")
    elsewhere = Workplace(("env", "SPAM=egg"), sys.executable, "")
    assert isinstance(measure(workers, target, page(2), elsewhere)[0], Measurement)
    there = workers.worker("curl")
    assert here is not None
    assert there is not None
    assert (there.argv[0], here.exit_code() is None) == ("env", False)


def test_a_repeated_load_reads_the_counters_again(workers: LoadWorkers, target: Target) -> None:
    said = [event_line(event).strip() for event in (Warm(), Warm(), Loaded(), Failed("no spam today"))]
    script = f"read job; echo '{said[0]}'; read go; echo '{said[1]}'; read go; echo '{said[2]}'; echo '{said[3]}'"
    error, told = measure(workers, target, page(2), Workplace(("sh", "-c", f"{script}; read end"), "", ""))
    assert isinstance(error, StageError)
    assert (error.message, told) == ("no spam today", ["warm", "warm", "loaded"])
