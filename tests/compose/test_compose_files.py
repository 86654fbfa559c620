"""Every Compose file gives a valid, confined project with every server."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support.needs import skip_or_fail
from topolab.catalogue import Catalogue
from topolab.launch.root import own_root
from topolab.model.topology import Topology

FOLDER = own_root() / "compose"
PARTS = {"base", "load", "locust", "proxy"}
OF_APPS = {file.stem for file in FOLDER.glob("*.yaml") if (own_root() / "apps" / file.stem).is_dir()}
TOPOLOGIES = sorted(file.stem for file in own_root().glob("*/topologies/*.toml"))
PROXIED = [name for name in TOPOLOGIES if name != "direct"]
LABELS = {"topolab.run": "the run", "topolab.owner": "the owner"}
SAID = {"SERVER": "hypercorn", "APP": "bare", "TOPOLAB_RUN": "the run", "TOPOLAB_OWNER": "the owner"}
SHUT_IN = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "read_only": True,
    "working_dir": "/run/topolab",
    "tmpfs": ["/run/topolab:mode=1777,size=16m", "/tmp:mode=1777,size=256m"],  # noqa: S108 - the container's own
    "pids_limit": 1024,
    "mem_limit": str(2 << 30),
    "ulimits": {"nofile": 16384},
    "logging": {"driver": "json-file", "options": {"max-file": "2", "max-size": "4m"}},
    "labels": LABELS,
}
OPENINGS = {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "userns_mode", "volumes", "user"}
"""Settings that would weaken the confinement."""


@functools.cache
def missing() -> str:
    """Why Compose cannot be asked here; empty where it can."""
    if not shutil.which("docker"):
        return "the docker command is needed (on Debian, as root: bash .ci/engine)"
    done = subprocess.run(["docker", "compose", "version"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"`docker compose version` does not work: {done.stderr.strip()}"


@pytest.fixture(autouse=True)
def compose() -> None:
    """The command is needed, an engine is not."""
    if missing():
        skip_or_fail(missing())


def compose_config(*files: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What Compose makes of the files, with no other variables and no engine to ask."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    topology = next((name for name in files if name in PROXIED), "")
    chosen = {"TOPOLOGY": topology} if topology else {}
    used = ["proxy" if name in PROXIED else name for name in files]
    named = [word for name in used for word in ("--file", str(FOLDER / f"{name}.yaml"))]
    return subprocess.run(
        ["docker", "compose", *named, "config", "--format", "json"],
        env={**kept, "DOCKER_HOST": "unix:///nonexistent/docker.sock", **chosen, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def project(*files: str, **variables: str) -> dict[str, Any]:
    done = compose_config(*files, **{**SAID, **variables})
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def shape(found: dict[str, Any]) -> dict[str, Any]:
    """The parts of a project that do not depend on its server."""
    return {
        "services": sorted(found["services"]),
        "published": sorted(
            (name, port["host_ip"], port["published"], port["target"], port["protocol"])
            for name, service in found["services"].items()
            for port in service.get("ports", ())
        ),
        "networks of": {name: sorted(service["networks"]) for name, service in found["services"].items()},
        "listeners": {
            name: service.get("environment", {}).get("LISTENER") for name, service in found["services"].items()
        },
        "topology": found["services"].get("proxy", {}).get("environment", {}).get("TOPOLOGY"),
        "internal": {name: network.get("internal", False) for name, network in found["networks"].items()},
        "labels": {name: network.get("labels") for name, network in found["networks"].items()},
        "shut in": {name: {key: service.get(key) for key in SHUT_IN} for name, service in found["services"].items()},
        "openings": {name: sorted(OPENINGS & set(service)) for name, service in found["services"].items()},
    }


def expected(topology: Topology) -> dict[str, Any]:
    services = ["proxy", "server"] if topology.proxied else ["server"]
    edge = services[0]
    ports = [("8443", 8443, "tcp")] if topology.proxied else [("8443", 8000, "tcp"), ("8443", 8000, "udp")]
    inside = {"server": ["inside"], "proxy": ["edge", "inside"]} if topology.proxied else {"server": ["edge", "inside"]}
    # Empty: the launcher reads it from the topology's TOML.
    listener = "" if topology.proxied else "tls"
    return {
        "services": services,
        "published": [(edge, "127.0.0.1", *port) for port in ports],
        "networks of": inside,
        "listeners": dict.fromkeys(services, listener),
        "topology": topology.name if topology.proxied else None,
        "internal": {"inside": True, "edge": False},
        "labels": {"inside": LABELS, "edge": LABELS},
        "shut in": dict.fromkeys(services, SHUT_IN),
        "openings": {name: [] for name in services},
    }


def test_there_is_one_file_for_every_proxy_and_one_without(catalogue: Catalogue) -> None:
    assert sorted(catalogue.topologies) == TOPOLOGIES
    assert {file.stem for file in FOLDER.glob("*.yaml")} == PARTS | OF_APPS | {"direct"}


def test_the_default_topology_is_alb_and_the_default_proxy_nginx() -> None:
    done = compose_config("base", "proxy", **SAID)
    assert json.loads(done.stdout) == project("base", "alb")
    other = project("base", "proxy", PROXY="relay", TOPOLOGY="relayed")["services"]["proxy"]
    seen = (other["image"], other["build"]["dockerfile"], other["environment"]["TOPOLOGY"])
    assert seen == ("topolab-proxy-relay:trixie", "relay/Dockerfile", "relayed")


def test_only_apps_with_companions_have_a_compose_file(catalogue: Catalogue) -> None:
    assert {app.name for app in catalogue.apps.values() if app.companions} == OF_APPS


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("app", sorted(OF_APPS))
def test_companions_are_confined_and_only_on_the_inner_network(catalogue: Catalogue, topology: str, app: str) -> None:
    found = project("base", topology, app, APP=app, SERVER_CPUS="0", SERVER_DEBIAN="bookworm")
    wanted, shaped = expected(catalogue.topologies[topology]), shape(found)
    names = [companion.name for companion in catalogue.apps[app].companions]
    wanted["services"] = sorted([*wanted["services"], *names])
    wanted["networks of"] |= {name: ["inside"] for name in names}
    wanted["listeners"] |= dict.fromkeys(names)
    wanted["shut in"] |= dict.fromkeys(names, SHUT_IN)
    wanted["openings"] |= {name: [] for name in names}
    assert shaped == wanted
    for companion in catalogue.apps[app].companions:
        part = found["services"][companion.name]
        launcher = ["/opt/venv/bin/python", "-I", "/topolab/servers/serve.py"]
        assert part["command"][:5] == [*launcher, f"--companion={companion.name}", f"--app={app}"]
        assert (part["image"], part["cpuset"]) == ("topolab-companion:bookworm", "0")
        assert set(part.get("environment", {})) == (set() if companion.listens else {"BROKER"})
    brokers = {service.get("environment", {}).get("BROKER") for service in found["services"].values()} - {None}
    (listening,) = (companion for companion in catalogue.apps[app].companions if companion.listens)
    assert brokers == {f"{listening.name}:{found['services'][listening.name]['command'][-1].removeprefix('--port=')}"}


def test_every_server_and_topology_make_a_valid_project_of_the_common_shape(catalogue: Catalogue) -> None:
    wanted = {name: expected(catalogue.topologies[name]) for name in TOPOLOGIES}

    def trouble(server: str, debian: str, topology: str) -> str:
        done = compose_config("base", topology, **{**SAID, "SERVER": server, "SERVER_DEBIAN": debian})
        if done.returncode or done.stderr:
            return f"{server} {topology}: {done.stderr}"
        found = json.loads(done.stdout)
        part = found["services"]["server"]
        own = (part["command"][3], part["image"], part["build"]["args"]["DEBIAN"])
        if own != (server, f"topolab-server:{debian}", debian):
            return f"{server} {topology}: {own}"
        return "" if shape(found) == wanted[topology] else f"{server} {topology}: {shape(found)}"

    asked = [(c.name, c.variant.debian.value, t) for c in catalogue.candidates.values() for t in TOPOLOGIES]
    with ThreadPoolExecutor(2) as pool:
        assert [text for text in pool.map(lambda words: trouble(*words), asked) if text] == []
    assert len(asked) > len(TOPOLOGIES)


@pytest.mark.parametrize("topology", ["direct", "alb-http2"])
def test_a_chosen_listener_reaches_every_part_that_needs_it(catalogue: Catalogue, topology: str) -> None:
    found = shape(project("base", topology, LISTENER="quic"))
    assert found["listeners"] == dict.fromkeys(expected(catalogue.topologies[topology])["services"], "quic")


@pytest.mark.parametrize("topology", ["direct", "alb"])
def test_an_empty_port_means_any_and_an_address_is_kept(topology: str) -> None:
    found = project("base", topology, EDGE_PORT="", EDGE_ADDRESS="127.0.0.2")
    ports = [port for service in found["services"].values() for port in service.get("ports", ())]
    assert {(port["host_ip"], port.get("published")) for port in ports} == {("127.0.0.2", None)}


def test_health_is_checked_by_hand_but_not_in_a_run() -> None:
    by_hand = project("base", "alb")["services"]
    in_a_run = project("base", "alb", NO_HEALTH_CHECKS="true")["services"]
    assert {name: service["healthcheck"]["test"][-1] for name, service in by_hand.items()} == {
        "server": '/topolab/compose/healthy.py "$$LISTENER" 8000',
        "proxy": "8443",
    }
    assert {name: service["healthcheck"]["disable"] for name, service in in_a_run.items()} == {
        "server": True,
        "proxy": True,
    }


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize(
    ("unsaid", "message"),
    [
        (
            "SERVER",
            "choose a server, for example SERVER=hypercorn; python3 scripts/run_matrix.py --list shows them all",
        ),
        ("APP", "choose an app, for example APP=fastapi; python3 scripts/run_matrix.py --list shows them all"),
    ],
)
def test_a_missing_server_or_app_is_asked_for(topology: str, unsaid: str, message: str) -> None:
    done = compose_config("base", topology, **{name: value for name, value in SAID.items() if name != unsaid})
    assert done.returncode != 0
    assert f"required variable {unsaid} is missing a value: {message}" in done.stderr


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_in_a_run_both_networks_belong_to_the_run(topology: str) -> None:
    files = ("parts/shared", *(["parts/shared-proxy"] if topology != "direct" else []))
    found = project("base", topology, *files, RUN_PROJECT="topolab-run-lab")
    networks = {
        name: {key: value for key, value in network.items() if value} for name, network in found["networks"].items()
    }
    assert networks == {
        "inside": {"name": "topolab-run-lab_inside", "external": True},
        "edge": {"name": "topolab-run-lab_edge", "external": True},
    }
    assert shape(found)["published"] == []


def test_a_missing_run_name_is_asked_for() -> None:
    done = compose_config("base", "alb", "parts/shared", **SAID)
    assert done.returncode != 0
    assert "required variable RUN_PROJECT is missing a value: the Compose project of the run" in done.stderr


@pytest.mark.parametrize(("name", "networks"), [("load", ["edge", "inside"]), ("parts/browser", ["edge"])])
def test_the_load_generator_is_confined_and_publishes_nothing(name: str, networks: list[str]) -> None:
    found, service = shape(project("base", name)), Path(name).name
    assert (found["shut in"][service], found["openings"][service]) == (SHUT_IN, [])
    assert (found["published"], found["networks of"][service]) == ([], networks)


def test_locusts_master_and_workers_are_confined_and_publish_nothing() -> None:
    found = shape(project("base", "alb", "locust"))
    published = [name for name, *_ in found["published"]]
    for service in ("master", "worker"):
        assert (found["shut in"][service], found["openings"][service]) == (SHUT_IN, [])
        assert (service in published, found["networks of"][service]) == (False, ["edge", "inside"])


def test_extended_files_are_not_topologies() -> None:
    for name in ("parts/companion", "parts/contained"):
        assert "never run by itself" in Path(FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize("debian", ["trixie", "bookworm"])
def test_each_release_has_a_base_of_its_own(debian: str) -> None:
    bases = {"BASE_IMAGE": "mine:trixie", "BASE_IMAGE_BOOKWORM": "mine:bookworm"}
    given = project("base", "alb", SERVER_DEBIAN=debian, **bases)["services"]
    assert given["server"]["build"]["args"] == {"DEBIAN": debian, **bases}
    assert given["proxy"]["build"]["args"] == {"BASE_IMAGE": "mine:trixie"}
    assert project("base", "alb", SERVER_DEBIAN=debian)["services"]["server"]["build"]["args"] == {
        "DEBIAN": debian,
        "BASE_IMAGE": "debian:trixie-slim",
        "BASE_IMAGE_BOOKWORM": "debian:bookworm-slim",
    }


@pytest.mark.parametrize("topology", PROXIED)
def test_a_proxy_waits_for_the_servers_health_by_hand_and_its_start_in_a_run(topology: str) -> None:
    def condition(**variables: str) -> str:
        found: str = project("base", topology, **variables)["services"]["proxy"]["depends_on"]["server"]["condition"]
        return found

    assert condition() == "service_healthy"
    assert condition(SERVER_CONDITION="service_started", NO_HEALTH_CHECKS="true") == "service_started"


def test_images_are_started_by_id_in_a_run_and_by_name_by_hand() -> None:
    files = ("base", "alb", "load", "parts/browser", "parts/build-companion")
    by_hand = project(*files)["services"]
    assert {name: service["image"] for name, service in by_hand.items()} == {
        name: f"topolab-{name.replace('proxy', 'proxy-nginx')}:trixie"
        for name in ("server", "proxy", "load", "browser", "companion")
    }
    ids = {name: f"sha256:{number:064x}" for number, name in enumerate(by_hand)}
    in_a_run = project(*files, **{f"{name.upper()}_IMAGE": found for name, found in ids.items()})["services"]
    assert {name: service["image"] for name, service in in_a_run.items()} == ids


def test_the_edge_network_has_no_way_out_and_in_a_run_none_to_the_host() -> None:
    by_hand, in_a_run = (project("base", "direct", **given)["networks"] for given in ({}, {"EDGE_INTERNAL": "true"}))
    assert by_hand["edge"]["driver_opts"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    assert (by_hand["edge"].get("internal", False), in_a_run["edge"]["internal"]) == (False, True)


def test_only_parts_that_may_end_tls_get_a_key() -> None:
    keys = {"SERVER_KEY_PEM": "the server's", "PROXY_KEY_PEM": "the proxy's", "SELF_SIGNED_NAME": ""}
    files = ("base", "alb", "django-celery", "load", "parts/browser")
    found = project(*files, APP="django-celery", **keys)["services"]
    told = {name: service.get("environment", {}) for name, service in found.items()}
    assert {name: environment["KEY_PEM"] for name, environment in told.items() if "KEY_PEM" in environment} == {
        "server": "the server's",
        "proxy": "the proxy's",
    }
    assert {name for name, environment in told.items() if "SELF_SIGNED_NAME" in environment} == {"server", "proxy"}


def test_every_anchor_is_used() -> None:
    for file in FOLDER.rglob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        anchors = set(re.findall(r"(?<=[:-] )&(\w+)", text))
        assert anchors == set(re.findall(r"(?<=[:-] )\*(\w+)", text)), file.name


def test_files_not_run_by_hand_are_in_their_own_folder() -> None:
    assert sorted(file.stem for file in (FOLDER / "parts").glob("*.yaml")) == [
        *("browser", "build-companion", "companion", "contained", "shared", "shared-proxy"),
    ]


def test_every_documented_up_command_builds_its_images() -> None:
    root = own_root()
    for file in (root / "README.md", *sorted((root / "docs").glob("*.md")), *sorted(FOLDER.glob("*.yaml"))):
        text = re.sub(r"[\\#\s]+", " ", file.read_text(encoding="utf-8"))
        commands = re.findall(r"docker compose (?:-f \S+ )+up (\S+)", text)
        assert set(commands) <= {"--build"}, file.name
        assert commands or file.name not in ("README.md", "base.yaml", "load.yaml", "locust.yaml", "django-celery.yaml")
