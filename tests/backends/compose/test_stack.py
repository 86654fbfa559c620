"""A stack of containers uses its declared protocols, has limits, and is counted."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from support.cells import cell_of
from support.containers import TIMEOUT_S, api, inspected, project_of
from support.engines import whole_plan
from support.started import cmdline, untitled
from topolab.backends.compose import ComposeBackend
from topolab.backends.compose.site import ComposeSite
from topolab.backends.compose.stack import ComposeStack
from topolab.catalogue import Catalogue
from topolab.model.cell import Cell
from topolab.model.protocol import ClientProtocol
from topolab.plan import Filters, make_plan

SERVER = "hypercorn-asyncio"


def seen(stack: ComposeStack) -> tuple[str, str, int]:
    answer = stack.fetch("/query?id=x", TIMEOUT_S)
    return answer.protocol, answer.headers["x-origin-http-version"], answer.status


def planned(cell: Cell) -> tuple[str, str, int]:
    return cell.combination.client_protocol.protocol.value, cell.origin_protocol.number, 200


def test_every_route_uses_its_declared_protocol_on_each_hop(
    catalogue: Catalogue, docker_backend: ComposeBackend
) -> None:
    wanted, found = {}, {}
    for topology in catalogue.topologies.values():
        for route in topology.routes:
            cell = cell_of(catalogue, topology.name, route.client, SERVER)
            wanted[cell.id] = planned(cell)
            with docker_backend.stack(cell) as stack:
                found[cell.id] = seen(stack)
    assert found == wanted


def test_every_server_answers_from_its_image_with_the_recorded_argv(
    catalogue: Catalogue, docker_backend: ComposeBackend
) -> None:
    only = Filters.parse(["topology=alb", "protocol=h2", "profile=ceiling", "app=bare"], catalogue)
    cells = [c for c in make_plan(catalogue.matrices["full"], catalogue, only, {}).cells if not c.combination.replica]
    assert {c.combination.server for c in cells} == set(catalogue.candidates)
    found = {}
    recorded, running = {}, {}
    for cell in cells:
        with docker_backend.stack(cell) as stack:
            found[cell.id] = seen(stack)
            recorded[cell.id] = stack.argv
            running[cell.id] = {name: cmdline(part.pid) for name, part in stack.parts.items()}
            running[cell.id]["proxy"] = untitled(running[cell.id]["proxy"], stack.argv["proxy"])
    assert found == {cell.id: planned(cell) for cell in cells}
    assert recorded == running


@pytest.mark.parametrize("app", ["fastapi", "django"])
def test_every_app_is_in_the_image(app: str, catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    cell = cell_of(catalogue, "alb", ClientProtocol.H2, SERVER, app=app)
    with docker_backend.stack(cell) as stack:
        assert seen(stack) == planned(cell)


def test_an_alb_sends_its_forwarding_headers(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, SERVER)) as stack:
        hop = json.loads(stack.fetch("/hop", TIMEOUT_S).body)
        containers = inspected([project_of(stack)])
    told = hop["forwarding_headers"]
    assert (told["x-forwarded-proto"], told["x-forwarded-port"], hop["scheme"]) == ("https", "8443", "http")
    proxy = containers["proxy"]["NetworkSettings"]["Networks"]
    assert hop["peer_host"] in {network["IPAddress"] for network in proxy.values()}


def test_every_container_has_limits_and_no_privileges(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, SERVER)):
        parts = inspected(["topolab.run=the-tests"])
        user = {name: _process_user(part["Id"]) for name, part in parts.items()}
    assert set(parts) == {"server", "proxy", "load"}
    for name, part in parts.items():
        host, config = part["HostConfig"], part["Config"]
        assert (host["CapDrop"], host["CapAdd"], host["Privileged"]) == (["ALL"], None, False), name
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["ReadonlyRootfs"] is True
        assert set(host["Tmpfs"]) == {"/run/topolab", "/tmp"}  # noqa: S108 - of the container
        assert (host["PidsLimit"], host["Memory"]) == (1024, 2 * 2**30)
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "2", "max-size": "4m"}}
        assert host["CpusetCpus"] != ""
        assert host["RestartPolicy"]["Name"] in ("", "no")
        assert (host["Binds"] or [], part["Mounts"]) == ([], [])
        assert config.get("Healthcheck", {"Test": ["NONE"]})["Test"] == ["NONE"], (
            "a probe would be charged to what is measured"
        )
        assert config["User"] == "topolab"
    assert user == dict.fromkeys(parts, "10001")


def _process_user(container_id: str) -> str:
    with api() as engine:
        top = engine.top(container_id, ps_args="-o uid,pid")
    return str(top["Processes"][0][0])


@pytest.mark.parametrize("topology", ["direct", "nlb-tcp"])
def test_a_runs_networks_have_no_way_out_and_publish_nothing(
    topology: str, catalogue: Catalogue, docker_backend: ComposeBackend
) -> None:
    with docker_backend.stack(cell_of(catalogue, topology, ClientProtocol.H2, SERVER)):
        parts = inspected(["topolab.run=the-tests"])
        networks = {name for part in parts.values() for name in part["NetworkSettings"]["Networks"]}
        with api() as engine:
            internal = {name.rpartition("_")[2]: engine.inspect_network(name)["Internal"] for name in networks}
    assert internal == {"edge": True, "inside": True}
    assert set(parts) >= {"server", "load"}
    assert [name for name, part in parts.items() if any((part["NetworkSettings"]["Ports"] or {}).values())] == []


def test_the_server_is_only_on_the_inner_network(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "nlb-tcp", ClientProtocol.H2, SERVER)) as stack:
        parts = inspected([project_of(stack)])
        names = {
            name: sorted(network.rpartition("_")[2] for network in part["NetworkSettings"]["Networks"])
            for name, part in parts.items()
        }
    assert names == {"server": ["inside"], "proxy": ["edge", "inside"]}


@pytest.mark.parametrize(
    ("topology", "ending"),
    [("direct", {"server"}), ("alb", {"proxy"}), ("nlb-tcp", {"server"}), ("nlb-tls-http2only", {"proxy"})],
)
def test_only_the_part_that_ends_tls_has_the_key(
    topology: str, ending: set[str], catalogue: Catalogue, docker_backend: ComposeBackend
) -> None:
    with docker_backend.stack(cell_of(catalogue, topology, ClientProtocol.H2, SERVER)):
        parts = inspected(["topolab.run=the-tests"])
        told = {name for name, part in parts.items() if any("PRIVATE KEY" in word for word in part["Config"]["Env"])}
        roots = {name: Path(f"/proc/{part['State']['Pid']}/root/run/topolab") for name, part in parts.items()}
        held = {name for name, root in roots.items() if (root / "key.pem").exists()}
    assert (told, held) == (ending, ending)


def test_a_stack_starts_the_recorded_images_even_if_retagged(
    catalogue: Catalogue, docker_site: ComposeSite, docker_backend: ComposeBackend
) -> None:
    plan = whole_plan(catalogue)
    described = docker_site.describe(plan)["images"]
    name = "topolab-server:trixie"
    assert isinstance(described, dict)
    with api() as engine:
        engine.tag(described["topolab-proxy-nginx:trixie"], "topolab-server", "trixie", force=True)
        try:
            assert docker_site.due(plan) == [name]
            with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, SERVER)) as stack:
                assert seen(stack)[2] == 200
                started = {part: found["Image"] for part, found in inspected([project_of(stack)]).items()}
        finally:
            engine.tag(described[name], "topolab-server", "trixie", force=True)
    assert started == {"server": described[name], "proxy": described["topolab-proxy-nginx:trixie"]}


def test_everything_has_its_runs_label(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, SERVER)) as stack, api() as engine:
        ours = {"label": ["topolab.run=the-tests"]}
        labelled = len(engine.containers(filters=ours)), len(engine.networks(filters=ours))
        project = engine.containers(filters={"label": [project_of(stack)]})
        assert {c["Labels"]["topolab.run"] for c in project} == {"the-tests"}
    assert labelled == (3, 2)


def test_a_stack_is_removed_when_its_cell_is_done(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, SERVER)) as stack:
        project = project_of(stack)
        assert len(inspected([project])) == 2
    assert inspected([project]) == {}


def test_usage_grows_with_the_work_separately_for_server_and_proxy(
    catalogue: Catalogue, docker_backend: ComposeBackend
) -> None:
    with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, SERVER)) as stack:
        before = stack.server_usage(), stack.proxy_usage()
        for _ in range(50):
            stack.fetch("/bytes/100000", TIMEOUT_S)
        after = stack.server_usage(), stack.proxy_usage()
    for earlier, later in zip(before, after, strict=True):
        assert earlier is not None
        assert later is not None
        assert later.cpu_s > earlier.cpu_s
        assert later.memory_peak_bytes is not None
        assert later.memory_peak_bytes >= (earlier.memory_peak_bytes or 0) > 0


def test_the_engines_counters_agree_with_the_cgroup_files(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "direct", ClientProtocol.H2, SERVER)) as stack:
        here = stack.server_usage()
        cpu_ns, _ = stack.around.engine.counters(stack.parts["server"].id)
        later = stack.server_usage()
    assert here is not None
    assert later is not None
    assert here.cpu_s <= cpu_ns * 1e-9 <= later.cpu_s


def test_the_argv_is_the_containers_and_the_log_is_kept(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, SERVER)) as stack:
        argv, log = stack.argv, stack.log_tail()
    assert argv["server"][:3] == ("/opt/venv/bin/python", "-m", "hypercorn")
    assert argv["server"][-1] == "bare_asgi:app"
    assert argv["proxy"][0] == "nginx"
    assert "[server]\n" in log
    assert "Running on http://0.0.0.0:8000" in log


def test_a_part_that_ends_by_itself_is_reported_with_its_signal(
    catalogue: Catalogue, docker_backend: ComposeBackend
) -> None:
    with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, SERVER)) as stack:
        assert stack.trouble() == ""
        with api() as engine:
            engine.kill(stack.parts["server"].id, signal="SIGKILL")
            engine.wait(stack.parts["server"].id)
        assert stack.trouble() == "the server was ended by signal 9"


def test_a_server_killed_for_memory_is_reported_as_such(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "direct", ClientProtocol.HTTP1, "uvicorn-httptools")) as stack:
        part = stack.parts["server"].id
        with api() as engine:
            engine.update_container(part, mem_limit="96m", memswap_limit="96m")
            # Temporary files count as memory, and the server is the largest process, so the kernel ends it.
            filler = engine.exec_create(part, ["dd", "if=/dev/zero", "of=/tmp/filler", "bs=1M", "count=200"])
            engine.exec_start(filler["Id"])
        deadline = time.monotonic() + 20
        while not stack.trouble() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert stack.trouble() == "the server was killed for using more memory than its limit"


def test_a_lost_load_generator_is_started_again(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    cell = cell_of(catalogue, "direct", ClientProtocol.H2, SERVER)
    with docker_backend.stack(cell) as stack:
        before = inspected(["topolab.run=the-tests"])["load"]["Id"]
        assert seen(stack) == planned(cell)
    with api() as engine:
        engine.remove_container(before, force=True)
    with docker_backend.stack(cell) as stack:
        assert seen(stack) == planned(cell)
        assert inspected(["topolab.run=the-tests"])["load"]["Id"] != before


def test_h2load_and_libcurl_come_from_the_load_image(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, SERVER)) as stack, api() as engine:
        load = inspected(["topolab.run=the-tests"])["load"]["Id"]
        edge = f"https://{stack.edge.host}:{stack.edge.port}/query?id=x"
        command = engine.exec_create(load, ["h2load", "-n", "200", "-c", "4", "-m", "8", edge])
        said = engine.exec_start(command["Id"]).decode()
        version = engine.exec_start(engine.exec_create(load, ["h2load", "--version"])["Id"]).decode()
    assert "requests: 200 total, 200 started, 200 done, 200 succeeded, 0 failed" in said
    assert tuple(map(int, version.split("/")[1].strip().split(".")[:2])) >= (1, 64)
