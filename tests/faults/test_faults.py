"""A faulty server becomes a failed cell with the stage, the reason and its last output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support import cells
from support.catalogues import catalogue_root
from topolab.backends.local.backend import LocalBackend
from topolab.backends.local.proxies import find_proxies
from topolab.catalogue import Catalogue, load_catalogue
from topolab.drivers.load_workers import LoadWorkers
from topolab.model.cell import Cell
from topolab.model.outcome import Failed, Observation, Stage
from topolab.model.profile import ClosedLoad, MixedLoad
from topolab.model.protocol import ClientProtocol
from topolab.process import guard
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessKeeper
from topolab.process.usage import members
from topolab.runner.observe import observe

SCRIPT = Path(__file__).with_name("faulty_server.py")
FAULTS = (
    "wont-start",
    "dies",
    "wrong-status",
    "wrong-body",
    "no-origin",
    "says-h2",
    "slow-wrong",
    "starting",
    "unwell",
    "late",
)
TOML = f"""
name = "faulty"
summary = "a server that goes wrong"
command = ["{{python}}", "{SCRIPT}"]
""" + "".join(
    f"""
[[variants]]
name = "{fault}"
summary = "goes wrong by {fault}"
interfaces = ["asgi"]
packages = ["topolab-test-needs-nothing"]
argv = ["{fault}", "{{port}}"]
[variants.listeners.cleartext]
protocols = ["http/1.1", "h2"]
"""
    for fault in (*FAULTS, "silent", "daemon")
)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return load_catalogue(catalogue_root(tmp_path_factory.mktemp("catalogue"), {"faulty": TOML}))


@pytest.fixture(scope="module")
def local(faulty: Catalogue, keeper: ProcessKeeper) -> Iterator[LocalBackend]:
    with LocalBackend(faulty, find_proxies(faulty), keeper, CpuLayout(None, None, None)) as backend:
        yield backend


@pytest.fixture(scope="module")
def impatient(faulty: Catalogue, keeper: ProcessKeeper) -> Iterator[LocalBackend]:
    """A backend that waits a second for a good answer, as `--start-timeout 1` does."""
    catalogue = replace(faulty, start_timeout_override_s=1.0)
    with LocalBackend(catalogue, find_proxies(faulty), keeper, CpuLayout(None, None, None)) as backend:
        yield backend


@pytest.fixture(scope="module")
def driver(keeper: ProcessKeeper, tmp_path_factory: pytest.TempPathFactory) -> LoadWorkers:
    return LoadWorkers(keeper, tmp_path_factory.mktemp("client") / "client.log", None)


def cell_of(catalogue: Catalogue, fault: str, topology: str = "direct", protocol: str = "h1c") -> Cell:
    return cells.cell_of(catalogue, topology, ClientProtocol(protocol), f"faulty-{fault}")


def observed(cell: Cell, catalogue: Catalogue, local: LocalBackend, driver: LoadWorkers) -> Observation:
    profile = catalogue.profiles["ceiling"]
    assert isinstance(profile, ClosedLoad)
    return observe(cell, 1, local, replace(profile, warm_up_s=0.1, duration_s=0.5), driver.measure)[0]


def observed_mixed(cell: Cell, catalogue: Catalogue, local: LocalBackend, driver: LoadWorkers) -> Observation:
    profile = catalogue.profiles["mixed"]
    assert isinstance(profile, MixedLoad)
    short = replace(profile, warm_up_s=0, duration_s=0.1, slow=replace(profile.slow, spread_s=0))
    return observe(cell, 1, local, short, driver.measure)[0]


def failure(observation: Observation) -> tuple[Stage, str]:
    assert isinstance(observation.outcome, Failed), observation.outcome
    return observation.outcome.stage, observation.outcome.message


@pytest.mark.parametrize(
    ("fault", "topology", "protocol", "stage", "message"),
    [
        ("wont-start", "direct", "h1c", Stage.START, "the server ended with exit code 1 before it answered"),
        ("wont-start", "alb", "h2", Stage.START, "the server ended with exit code 1 before it answered"),
        ("wrong-status", "direct", "h1c", Stage.PROVE, "/query?id=proof was answered with status 503, not 200"),
        ("wrong-status", "alb", "h2", Stage.PROVE, "/query?id=proof was answered with status 503, not 200"),
        (
            "no-origin",
            "direct",
            "h1c",
            Stage.PROVE,
            "the answer has no x-origin-http-version; does the app follow the contract?",
        ),
    ],
)
def test_a_server_that_fails_before_the_load_fails_at_that_stage(
    fault: str,
    topology: str,
    protocol: str,
    stage: Stage,
    message: str,
    faulty: Catalogue,
    local: LocalBackend,
    driver: LoadWorkers,
) -> None:
    observation = observed(cell_of(faulty, fault, topology, protocol), faulty, local, driver)
    assert failure(observation) == (stage, message)


def test_a_server_that_does_not_start_is_reported_with_its_last_output(
    faulty: Catalogue, local: LocalBackend, driver: LoadWorkers
) -> None:
    outcome = observed(cell_of(faulty, "wont-start"), faulty, local, driver).outcome
    assert isinstance(outcome, Failed)
    assert outcome.log == "[server]\nthe faulty server finds no spam"


def test_a_server_with_a_wrong_body_has_no_good_response(
    faulty: Catalogue, local: LocalBackend, driver: LoadWorkers
) -> None:
    stage, message = failure(observed(cell_of(faulty, "wrong-body"), faulty, local, driver))
    assert stage is Stage.LOAD
    assert message.startswith("no good response: ")
    assert message.endswith(" body differs")


def test_without_slow_answers_a_mixed_load_has_no_figure(
    faulty: Catalogue, local: LocalBackend, driver: LoadWorkers
) -> None:
    stage, message = failure(observed_mixed(cell_of(faulty, "slow-wrong"), faulty, local, driver))
    assert stage is Stage.LOAD
    assert message.startswith("no good response to a slow request: ")
    assert message.endswith(" slow: status 404")


@pytest.mark.parametrize(("topology", "protocol"), [("direct", "h1c"), ("alb", "h2")])
def test_a_server_that_moves_to_the_background_is_not_measured(
    topology: str, protocol: str, faulty: Catalogue, local: LocalBackend, driver: LoadWorkers
) -> None:
    background = "the server moved to the background (it must stay in the foreground: remove options such as --daemon)"
    stage, message = failure(observed(cell_of(faulty, "daemon", topology, protocol), faulty, local, driver))
    assert stage is Stage.START
    assert message in (background, f"{background} before it answered")


def test_gunicorn_as_a_daemon_is_refused_and_ended(tmp_path: Path, keeper: ProcessKeeper, driver: LoadWorkers) -> None:
    root = catalogue_root(tmp_path, {})
    toml = root / "servers" / "gunicorn" / "server.toml"
    toml.write_text(toml.read_text().replace('"-m", "gunicorn",', '"-m", "gunicorn", "--daemon",'))
    catalogue = load_catalogue(root)
    cell = cells.cell_of(catalogue, "direct", ClientProtocol.H1C, "gunicorn-sync")
    before = set(guard.marked(keeper.marks))
    with LocalBackend(catalogue, find_proxies(catalogue), keeper, CpuLayout(None, None, None)) as backend:
        stage, message = failure(observed(cell, catalogue, backend, driver))
    assert stage is Stage.START
    assert message.removesuffix(" before it answered") == (
        "the server moved to the background (it must stay in the foreground: remove options such as --daemon)"
    )
    assert set(guard.marked(keeper.marks)) <= before


@pytest.mark.parametrize(("topology", "protocol"), [("direct", "h1c"), ("alb", "h2")])
def test_a_server_that_dies_under_load_fails_with_its_exit(
    topology: str, protocol: str, faulty: Catalogue, local: LocalBackend, driver: LoadWorkers
) -> None:
    observation = observed(cell_of(faulty, "dies", topology, protocol), faulty, local, driver)
    stage, message = failure(observation)
    assert stage in (Stage.LOAD, Stage.WARM_UP)
    assert message.endswith("the server was ended by signal 9")
    assert isinstance(observation.outcome, Failed)
    assert "the faulty server is about to die" in observation.outcome.log


def test_a_server_that_declares_http2_but_lacks_it_is_not_measured(
    faulty: Catalogue, impatient: LocalBackend, driver: LoadWorkers
) -> None:
    stage, message = failure(observed(cell_of(faulty, "says-h2", protocol="h2c"), faulty, impatient, driver))
    assert stage in (Stage.READY, Stage.PROVE)
    assert message


def test_a_server_that_never_listens_is_given_up_at_the_deadline(
    faulty: Catalogue, impatient: LocalBackend, driver: LoadWorkers
) -> None:
    variant = replace(faulty.candidates["faulty-silent"].variant)
    assert variant.name == "silent"
    cell = cell_of(faulty, "silent")
    toml = faulty.root / "servers" / "faulty" / "server.toml"
    toml.write_text(toml.read_text().replace(f'"{SCRIPT}"', '"-c", "import time; time.sleep(600)"'))
    try:
        stage, message = failure(observed(cell, faulty, impatient, driver))
    finally:
        toml.write_text(TOML)
    assert stage is Stage.READY
    assert message.startswith("no good answer from the server within 1 s on port ")


def test_a_server_whose_app_is_not_ready_yet_is_waited_for(
    faulty: Catalogue, local: LocalBackend, driver: LoadWorkers
) -> None:
    for fault in ("starting", "late"):
        assert not isinstance(observed(cell_of(faulty, fault), faulty, local, driver).outcome, Failed)


def test_a_server_without_a_good_answer_is_given_up_with_its_last_answer(
    faulty: Catalogue, impatient: LocalBackend, driver: LoadWorkers
) -> None:
    stage, message = failure(observed(cell_of(faulty, "unwell"), faulty, impatient, driver))
    assert stage is Stage.READY
    assert re.sub(r"port \d+", "port N", message) == (
        "no good answer from the server within 1 s on port N, which it was given: "
        "/healthz was answered with status 503; allow more with --start-timeout"
    )
    assert failure(observed(cell_of(faulty, "late"), faulty, impatient, driver))[0] is Stage.READY


def test_the_driver_continues_after_its_worker_was_killed(
    faulty: Catalogue, local: LocalBackend, keeper: ProcessKeeper, tmp_path: Path
) -> None:
    driver = LoadWorkers(keeper, tmp_path / "client.log", None)
    cell = cell_of(faulty, "says-h2")  # over HTTP/1.1 there is nothing wrong with it
    assert not isinstance(observed(cell, faulty, local, driver).outcome, Failed)
    worker = driver.worker("curl")
    assert worker is not None
    worker.leader.kill()
    worker.leader.wait()
    assert not isinstance(observed(cell, faulty, local, driver).outcome, Failed)
    assert members(worker.pgid) == []
