"""A stack of containers uses its declared protocols, has limits, and is counted."""

from __future__ import annotations

import time

import pytest

from support.cells import cell_of
from support.containers import OF_THE_RUN, TIMEOUT_S, api, inspected, project_of
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


@pytest.mark.usefixtures("renaming_images")
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


def test_a_stack_is_removed_when_its_cell_is_done(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, SERVER)) as stack:
        project = project_of(stack)
        assert len(inspected([project])) == 2
    assert inspected([project]) == {}


def test_the_engines_counters_agree_with_the_cgroup_files(catalogue: Catalogue, docker_backend: ComposeBackend) -> None:
    with docker_backend.stack(cell_of(catalogue, "direct", ClientProtocol.H2, SERVER)) as stack:
        here = stack.server_usage()
        cpu_ns, _ = stack.around.engine.counters(stack.parts["server"].id)
        later = stack.server_usage()
    assert here is not None
    assert later is not None
    assert here.cpu_s <= cpu_ns * 1e-9 <= later.cpu_s


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
        before = inspected([OF_THE_RUN])["load"]["Id"]
        assert seen(stack) == planned(cell)
    with api() as engine:
        engine.remove_container(before, force=True)
    with docker_backend.stack(cell) as stack:
        assert seen(stack) == planned(cell)
        assert inspected([OF_THE_RUN])["load"]["Id"] != before
