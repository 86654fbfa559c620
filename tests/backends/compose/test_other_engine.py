"""Engines reached by TCP or context, restarted during a cell, or lost for good."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support import private_engine
from support.cells import cell_of
from support.command import SCRIPT, environment, run_matrix
from support.engines import image_names_kept, site_here, whole_plan
from support.private_engine import PrivateEngine
from support.runs import hops_of, observed, only_run
from support.waiting import DEADLINE_S, SMALL, until
from topolab.backends.compose import sweep
from topolab.backends.compose.connect import connect
from topolab.backends.compose.endpoint import find_endpoint
from topolab.backends.compose.images import LOAD, base_image, proxy_image, server_image
from topolab.backends.compose.site import ComposeSite, find_site
from topolab.catalogue import Catalogue
from topolab.errors import EngineError
from topolab.model.cell import Plan
from topolab.model.protocol import ClientProtocol
from topolab.model.server import Debian
from topolab.process.group import ProcessKeeper

pytestmark = pytest.mark.usefixtures("docker_site")


@pytest.fixture(scope="module")
def engine(docker_site: ComposeSite, catalogue: Catalogue, all_processes_folder: Path) -> Iterator[PrivateEngine]:
    """A private engine that has this machine's images."""
    assert docker_site.name == "docker"
    with closing(connect(find_endpoint(None))) as usual:
        images = [
            server_image(Debian.TRIXIE).name,
            proxy_image("nginx").name,
            LOAD.name,
            base_image(usual, Debian.TRIXIE),
        ]
    private_engine.require(*images)
    with PrivateEngine() as engine:
        with image_names_kept(all_processes_folder):
            # An earlier test may have built the images from another catalogue, and the engine gets them by name.
            with closing(site_here(catalogue)) as site, ProcessKeeper() as keeper:
                site.prepare(whole_plan(catalogue), keeper, print)
            engine.load(images)
        yield engine


def by_socket(engine: PrivateEngine) -> str:
    """The engine's local socket, by which the load comes from a container on the engine."""
    return f"unix://{engine.folder / 'sock'}"


def left_on(engine: PrivateEngine) -> list[str]:
    """The objects on the engine that have topolab's labels."""
    label = ("--filter", "label=topolab.owner")
    return [
        *engine.docker("ps", "--all", "--quiet", *label).split(),
        *engine.docker("network", "ls", "--quiet", *label).split(),
        *engine.docker("volume", "ls", "--quiet", *label).split(),
    ]


def test_the_load_runs_here_and_the_stacks_on_an_engine_behind_tcp(engine: PrivateEngine, tmp_path: Path) -> None:
    only = ("--only", "server=granian-asgi", "--only", "protocol=h2")
    done = run_matrix("--matrix", "smoke", *only, "--json", "--out", str(tmp_path), DOCKER_HOST=engine.host)
    assert done.returncode == 0, done.stderr
    assert "at 127.0.0.1, loaded from this machine" in done.stderr
    results = json.loads(done.stdout)
    assert (results["run"]["backend"], results["run"]["environment"]["load_from"]) == ("docker", "this machine")
    assert {cell["topology"]: (cell["status"], cell["downgraded"], hops_of(cell)) for cell in results["cells"]} == {
        "direct": ("measured", False, [("client", "server", "h2", True)]),
        "alb": ("measured", True, [("client", "proxy", "h2", True), ("proxy", "server", "http/1.1", False)]),
        "nlb-tcp": ("measured", False, [("client", "proxy", "h2", True), ("proxy", "server", "h2", True)]),
    }
    for cell in results["cells"]:
        assert cell["server_cpu_us_per_request"]["median"] > 0
        assert (cell["proxy_cpu_us_per_request"] is None) == (cell["topology"] == "direct")
    assert left_on(engine) == []


def test_http3_reaches_an_engine_behind_tcp_by_its_published_udp_port(engine: PrivateEngine, tmp_path: Path) -> None:
    only = [f"--only={key}" for key in ("server=hypercorn-asyncio", "protocol=h3", "app=bare", "profile=ceiling")]
    done = run_matrix(
        *("--matrix", "full", "--rounds", "1", *only), "--json", "--out", str(tmp_path), DOCKER_HOST=engine.host
    )
    assert done.returncode == 0, done.stderr
    measured = [cell for cell in json.loads(done.stdout)["cells"] if cell["status"] == "measured"]
    assert {tuple(hops_of(cell)) for cell in measured} == {(("client", "server", "h3", True),)}


def test_a_context_takes_precedence_over_docker_host(engine: PrivateEngine, tmp_path: Path) -> None:
    config = tmp_path / "docker"
    plugins = Path(os.environ.get("DOCKER_CONFIG", "~/.docker")).expanduser() / "cli-plugins"
    config.mkdir()
    if plugins.is_dir():
        (config / "cli-plugins").symlink_to(plugins)
    env = environment(DOCKER_CONFIG=str(config))
    host = f"host={by_socket(engine)}"
    subprocess.run(["docker", "context", "create", "other", "--docker", host], env=env, check=True, capture_output=True)
    only = ("--only", "server=granian-asgi", "--only", "topology=alb", "--only", "protocol=h2")
    done = run_matrix(
        *("--matrix", "smoke", *only, "--context", "other", "--json", "--out", str(tmp_path / "out")),
        DOCKER_CONFIG=str(config),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"]["environment"]["load_from"] == "a container on the edge network"
    assert left_on(engine) == []


@pytest.mark.parametrize("end", ["restart", "kill"])
def test_an_engine_restarted_mid_cell_fails_that_cell_and_the_run_continues(
    end: str, engine: PrivateEngine, tmp_path: Path
) -> None:
    env = environment(DOCKER_HOST=by_socket(engine), XDG_STATE_HOME=str(tmp_path / "state"))
    argv = [*SCRIPT, *SMALL, "--backend", "docker", "--out", str(tmp_path / "out")]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: len(observed(tmp_path / "out")) >= 1 and servers_on(engine), process)
        if end == "kill":
            engine.kill()
            engine.start()
        else:
            engine.restart()
        before = len(observed(tmp_path / "out"))
        until(lambda: len(observed(tmp_path / "out")) >= before + 4, process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert left_on(engine) == []
    outcomes = [json.loads(observation)["outcome"] for _, _, observation in observed(tmp_path / "out")]
    good = ["measurement" in outcome and "hops" in outcome for outcome in outcomes]
    assert good[0]
    assert good[-1], outcomes[-1]
    assert len(outcomes) - sum(good) <= 3, "one restart costs the cell it hits, and at most what came up meanwhile"


def servers_on(engine: PrivateEngine) -> list[str]:
    try:
        return engine.docker("ps", "--quiet", "--filter", "label=com.docker.compose.service=server").split()
    except private_engine.PrivateEngineError:
        return []


def test_an_engine_lost_for_good_ends_the_run_and_is_cleaned_up_later(
    engine: PrivateEngine,
    catalogue: Catalogue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", by_socket(engine))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sweep, "PATIENCE_S", 0.5)
    cell = cell_of(catalogue, "alb", ClientProtocol.H2, "granian-asgi")
    with ProcessKeeper() as keeper, closing(find_site(catalogue, None)) as site:
        site.prepare(Plan((cell,), ()), keeper, print)
        with site.open("lost", keeper) as backend:
            with backend.stack(cell) as stack:
                engine.stop()
                assert "out of reach" in stack.trouble()
            with pytest.raises(EngineError, match="the Docker engine has been out of reach for"), backend.stack(cell):
                pass
            engine.start()
    assert left_on(engine) == []


def test_a_given_up_engine_is_not_waited_for_again_and_the_next_run_cleans_up(
    engine: PrivateEngine, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    env = environment(DOCKER_HOST=by_socket(engine), XDG_STATE_HOME=str(state), TMPDIR=str(tmp_path))
    argv = [sys.executable, "-c", PATIENT_FOR_A_SECOND, *SMALL, "--backend", "docker", "--out", str(tmp_path / "out")]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: len(observed(tmp_path / "out")) >= 1 and servers_on(engine), process)
        engine.kill()
        # The watchdog has the same standard error, so this is also the end of the watchdog's output.
        stdout, stderr = process.communicate(timeout=DEADLINE_S)
    folder = only_run(tmp_path / "out")
    assert process.returncode == 1
    assert "good responses per second" in stdout
    assert stderr.splitlines()[-1] == (
        "topolab: the Docker engine has been out of reach for 1 s: no engine answers; start Docker, or use "
        f"--backend local, which needs none; continue with: topolab --resume {folder}"
    )
    assert stderr.count("out of reach") == 1
    assert "Traceback" not in stderr
    engine.start()
    assert left_on(engine) != []
    only = ("--only", "server=granian-asgi", "--only", "topology=direct", "--only", "protocol=h2")
    done = run_matrix("--matrix", "smoke", *only, "--out", str(tmp_path / "next"), **env_of(env))
    assert done.returncode == 0, done.stderr
    assert "left by a killed run" in done.stderr
    assert left_on(engine) == []


# The command, with one second instead of a minute of patience for an engine.
PATIENT_FOR_A_SECOND = """
import sys
from topolab.backends.compose import sweep
from topolab.cli import main
sweep.PATIENCE_S = 1.0
sys.exit(main())
"""


def env_of(env: dict[str, str]) -> dict[str, str]:
    """The environment that gives another run the same engine and tokens."""
    return {name: env[name] for name in ("DOCKER_HOST", "XDG_STATE_HOME")}


def test_the_watchdog_is_silent_about_an_engine_that_stays_away(engine: PrivateEngine, tmp_path: Path) -> None:
    env = environment(DOCKER_HOST=by_socket(engine), XDG_STATE_HOME=str(tmp_path / "state"))
    engine.stop()
    try:
        code = f"""
import sys
from topolab.backends.compose import sweep
sweep.PATIENCE_S = 0.5
sys.argv = ["topolab.backends.compose", "{"0" * 16}"]
import topolab.backends.compose.__main__
"""
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    finally:
        engine.start()
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_edges_are_published_only_on_addresses(engine: PrivateEngine) -> None:
    done = run_matrix("--backend", "docker", "--dry-run", DOCKER_HOST=engine.host, TOPOLAB_EDGE_ADDRESS="edge.example")
    assert done.returncode == 2
    assert done.stderr == (
        "topolab: TOPOLAB_EDGE_ADDRESS=edge.example: has to be an IP address of the engine's machine\n"
    )
