"""The images that a plan's cells run in, and the parts of them that no cell of the plan uses. Pure."""

from __future__ import annotations

from topolab.backends.compose.images import (
    LOAD,
    Image,
    companion_image,
    driver_image,
    driver_images,
    proxy_image,
    server_image,
)
from topolab.backends.packages import drivers_used
from topolab.catalogue import Catalogue
from topolab.model.cell import Plan
from topolab.model.server import Debian


def images_of(catalogue: Catalogue, plan: Plan, *, remote: bool) -> tuple[Image, ...]:
    """The images of a plan: those of single drivers and of companions only if the plan needs them.

    With a remote engine the load is made on this machine, so no driver's own image is needed.
    """
    used = [
        (catalogue.candidates[c.combination.server].variant.debian, catalogue.apps[c.combination.app])
        for c in plan.cells
    ]
    servers, companions = {debian for debian, _ in used}, {debian for debian, app in used if app.companions}
    proxies = {catalogue.topologies[cell.combination.topology].proxy for cell in plan.cells}
    drivers = set() if remote else {driver_image(catalogue.drivers[name]) for name in drivers_used(catalogue, plan)}
    return (
        *(server_image(debian) for debian in Debian if debian in servers),
        *(companion_image(debian) for debian in Debian if debian in companions),
        *(proxy_image(name) for name in catalogue.proxies if name in proxies),
        *(image for image in driver_images() if image is LOAD or image in drivers),
    )


def unused_parts(catalogue: Catalogue, plan: Plan) -> set[str]:
    """The parts of images that belong to apps, servers and templates without a cell in the plan."""
    used = [cell.combination for cell in plan.cells]
    apps = {name for c in used for name in (c.app, *catalogue.apps[c.app].python_path)}
    servers = {catalogue.candidates[c.server].server.name for c in used}
    topologies, chosen = catalogue.topologies.values(), {c.topology for c in used}
    templates = {(t.proxy, t.template) for t in topologies if t.template}
    templates -= {(t.proxy, t.template) for t in topologies if t.name in chosen}
    return {
        *(f"apps/{name}" for name in set(catalogue.apps) - apps),
        *(f"servers/{c.server.name}" for c in catalogue.candidates.values() if c.server.name not in servers),
        *(f"{proxy}/{name}" for proxy, name in templates),
    }
