"""A plan has the images that its cells run in, and no others."""

from __future__ import annotations

from support.planning import matrix, planned
from topolab.backends.compose.images import LOAD, Image
from topolab.backends.compose.plan_images import images_of
from topolab.catalogue import Catalogue
from topolab.model.cell import Plan


def plan(catalogue: Catalogue, server: str, topology: str, profile: str, app: str = "bare") -> Plan:
    wanted = matrix((server,), apps=(app,), topologies=(topology,), protocols=("h2",), profiles=(profile,))
    found = planned(catalogue, wanted)
    assert len(found.cells) == 1, found.skips
    return found


def names(images: tuple[Image, ...]) -> list[str]:
    return [image.name for image in images]


def test_a_direct_cell_needs_a_server_and_the_load_generator(catalogue: Catalogue) -> None:
    found = images_of(catalogue, plan(catalogue, "hypercorn-asyncio", "direct", "ceiling"), remote=False)
    assert names(found) == ["topolab-server:trixie", LOAD.name]


def test_companions_a_proxy_and_a_browser_have_images_of_their_own(catalogue: Catalogue) -> None:
    behind = plan(catalogue, "gunicorn-sync", "alb", "page-24-browser", app="django-celery")
    assert names(images_of(catalogue, behind, remote=False)) == [
        "topolab-server:trixie",
        "topolab-companion:trixie",
        "topolab-proxy-nginx:trixie",
        LOAD.name,
        "topolab-browser:trixie",
    ]


def test_from_another_machine_the_browser_is_this_machines(catalogue: Catalogue) -> None:
    visited = plan(catalogue, "hypercorn-asyncio", "direct", "page-24-browser")
    assert names(images_of(catalogue, visited, remote=True)) == ["topolab-server:trixie", LOAD.name]
