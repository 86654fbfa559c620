"""Companions in containers: proved by a completed piece of work, watched and counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from support.cells import cell_of
from support.containers import RUN, TIMEOUT_S, api, inspected, project_of
from support.engines import site_here
from support.started import cmdline
from topolab.backends.compose import ComposeBackend
from topolab.backends.compose.counters import container_usage
from topolab.backends.compose.image_contents import installed_packages
from topolab.backends.compose.stack import ComposeStack
from topolab.catalogue import Catalogue
from topolab.fetch import Response
from topolab.model.protocol import ClientProtocol

APP = "django-celery"
PARTS = ("broker", "task-worker", "server", "proxy")
AT_ONCE = 24


@contextmanager
def stack_of(catalogue: Catalogue, backend: ComposeBackend, server: str = "gunicorn-sync") -> Iterator[ComposeStack]:
    with backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, server, app=APP)) as stack:
        yield stack


def result_of(stack: ComposeStack, answer: Response) -> Response:
    while answer.status == 202:
        answer = stack.fetch(answer.headers["location"], TIMEOUT_S)
    return answer


def test_a_sync_worker_answers_while_handed_over_messages_wait(
    catalogue: Catalogue, docker_backend: ComposeBackend
) -> None:
    with stack_of(catalogue, docker_backend) as stack:
        long = [stack.fetch(f"/message/{index}?delay=30", TIMEOUT_S) for index in range(AT_ONCE)]
        assert stack.fetch("/query?id=x", TIMEOUT_S).status == 200
        short = result_of(stack, stack.fetch("/message/short?delay=0.1", TIMEOUT_S))
        still = [stack.fetch(answer.headers["location"], TIMEOUT_S) for answer in long]
    assert json.loads(short.body) == {"text": "spam, egg, spam and spam!, short!"}
    assert [answer.status for answer in (*long, *still)] == [202] * 2 * AT_ONCE


def test_meinhelds_image_also_has_the_program(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with stack_of(catalogue, docker_backend, "gunicorn-meinheld") as stack:
        assert result_of(stack, stack.fetch("/message/1?delay=0", TIMEOUT_S)).status == 200


def test_each_part_is_counted_or_reported(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with stack_of(catalogue, docker_backend) as stack:
        each = [container_usage(stack.around.engine, stack.parts[name]) for name in PARTS[:3]]
        together, argv, log = stack.server_usage(), stack.argv, stack.log_tail()
        running = {name: cmdline(part.pid) for name, part in stack.parts.items() if name in ("server", "task-worker")}
    known = [usage for usage in each if usage is not None]
    assert together is not None
    apart_s = [usage.cpu_s for usage in known]
    assert round(together.cpu_s, 6) >= round(sum(apart_s), 6) > max(apart_s)
    assert (together.memory_peak_bytes or 0) > max(usage.memory_peak_bytes or 0 for usage in known) > 0
    assert tuple(argv) == PARTS
    # Redis and nginx overwrite their arguments with a title.
    assert {name: argv[name] for name in running} == running
    assert (argv["broker"][0], argv["task-worker"][1:3]) == ("redis-server", ("-m", "celery"))
    assert "[broker]\n" in log
    assert "Ready to accept connections" in log


def test_companions_have_the_same_limits_and_are_only_on_the_inner_network(
    catalogue: Catalogue, docker_backend: ComposeBackend
) -> None:
    with stack_of(catalogue, docker_backend) as stack:
        found = inspected([project_of(stack)])
        cpus = {name: part["HostConfig"]["CpusetCpus"] for name, part in found.items()}
    assert set(found) == set(PARTS)
    for name in ("broker", "task-worker"):
        host = found[name]["HostConfig"]
        assert (host["CapDrop"], host["Privileged"], host["ReadonlyRootfs"]) == (["ALL"], False, True)
        assert (host["SecurityOpt"], host["PidsLimit"]) == (["no-new-privileges:true"], 1024)
        assert found[name]["Config"]["User"] == "topolab"
        assert found[name]["Config"]["Labels"]["topolab.run"] == RUN
        assert not any((found[name]["NetworkSettings"]["Ports"] or {}).values())
        (network,) = found[name]["NetworkSettings"]["Networks"]
        assert network.endswith("_inside")
        assert cpus[name] == cpus["server"] != ""
    assert inspected([project_of(stack)]) == {}


@pytest.mark.parametrize("name", ["broker", "task-worker"])
def test_a_lost_companion_is_reported_by_name(name: str, catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with stack_of(catalogue, docker_backend) as stack:
        assert stack.trouble() == ""
        with api() as engine:
            engine.kill(stack.parts[name].id, signal="SIGKILL")
            engine.wait(stack.parts[name].id)
        assert stack.trouble() == f"the {name} was ended by signal 9"


def test_an_app_without_its_package_or_compose_file_is_unavailable(catalogue: Catalogue) -> None:
    broker, worker = catalogue.apps[APP].companions
    other = replace(catalogue.apps[APP], companions=(replace(broker, package="spam-server"), worker))
    renamed = replace(catalogue.apps[APP], name="spam")
    with closing(site_here(replace(catalogue, apps={APP: other, "spam": renamed}))) as site:
        reasons = site.unavailable()
    assert {name: reasons.get(name) for name in (APP, "spam")} == {
        APP: f"{APP} needs spam-server, which servers/Dockerfile does not put into the server image",
        "spam": "spam has companions and no file compose/spam.yaml",
    }


def test_an_images_packages_are_read_from_its_dockerfile(catalogue: Catalogue) -> None:
    assert {"redis-server", "openssl"} <= installed_packages(catalogue.root)
    assert "debian" not in installed_packages(catalogue.root)
