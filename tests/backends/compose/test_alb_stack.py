"""One stack behind an ALB: what its containers are allowed, named, charged for and asked."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from support.cells import cell_of
from support.containers import OF_THE_RUN, RUN, TIMEOUT_S, api, inspected, project_of
from topolab.backends.compose import ComposeBackend
from topolab.backends.compose.stack import ComposeStack
from topolab.catalogue import Catalogue
from topolab.model.protocol import ClientProtocol


@pytest.fixture(scope="module")
def stack(catalogue: Catalogue, docker_backend: ComposeBackend) -> Iterator[ComposeStack]:
    """Started once, because no test here changes it."""
    with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, "hypercorn-asyncio")) as stack:
        yield stack


def test_an_alb_sends_its_forwarding_headers(stack: ComposeStack) -> None:
    hop = json.loads(stack.fetch("/hop", TIMEOUT_S).body)
    containers = inspected([project_of(stack)])
    told = hop["forwarding_headers"]
    assert (told["x-forwarded-proto"], told["x-forwarded-port"], hop["scheme"]) == ("https", "8443", "http")
    proxy = containers["proxy"]["NetworkSettings"]["Networks"]
    assert hop["peer_host"] in {network["IPAddress"] for network in proxy.values()}


def test_the_argv_is_the_containers_and_the_log_is_kept(stack: ComposeStack) -> None:
    argv, log = stack.argv, stack.log_tail()
    assert argv["server"][:3] == ("/opt/venv/bin/python", "-m", "hypercorn")
    assert argv["server"][-1] == "bare_asgi:app"
    assert argv["proxy"][0] == "nginx"
    assert "[server]\n" in log
    assert "Running on http://0.0.0.0:8000" in log


@pytest.mark.usefixtures("stack")
def test_every_container_has_limits_and_no_privileges() -> None:
    parts = inspected([OF_THE_RUN])
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


def test_everything_has_its_runs_label(stack: ComposeStack) -> None:
    with api() as engine:
        ours = {"label": [OF_THE_RUN]}
        labelled = len(engine.containers(filters=ours)), len(engine.networks(filters=ours))
        project = engine.containers(filters={"label": [project_of(stack)]})
    assert {c["Labels"]["topolab.run"] for c in project} == {RUN}
    assert labelled == (3, 2)


def test_usage_grows_with_the_work_separately_for_server_and_proxy(stack: ComposeStack) -> None:
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


def test_h2load_and_libcurl_come_from_the_load_image(stack: ComposeStack) -> None:
    with api() as engine:
        load = inspected([OF_THE_RUN])["load"]["Id"]
        edge = f"https://{stack.edge.host}:{stack.edge.port}/query?id=x"
        command = engine.exec_create(load, ["h2load", "-n", "200", "-c", "4", "-m", "8", edge])
        said = engine.exec_start(command["Id"]).decode()
        version = engine.exec_start(engine.exec_create(load, ["h2load", "--version"])["Id"]).decode()
    assert "requests: 200 total, 200 started, 200 done, 200 succeeded, 0 failed" in said
    assert tuple(map(int, version.split("/")[1].strip().split(".")[:2])) >= (1, 64)
