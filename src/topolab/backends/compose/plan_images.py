"""The images that a plan's cells run in. Pure."""

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
    named = () if remote else drivers_used(catalogue, plan.cells)
    drivers = {driver_image(catalogue.drivers[name]) for name in named}
    return (
        *(server_image(debian) for debian in Debian if debian in servers),
        *(companion_image(debian) for debian in Debian if debian in companions),
        *(proxy_image(name) for name in catalogue.proxies if name in proxies),
        *(image for image in driver_images() if image is LOAD or image in drivers),
    )
