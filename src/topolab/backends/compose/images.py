"""The images that stacks are made from, and the base images below them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from topolab.backends.compose.engine import Engine
from topolab.drivers.descriptor import LOAD_IMAGE, Descriptor
from topolab.drivers.registry import drivers
from topolab.model.server import Debian

BASES = {Debian.TRIXIE: "BASE_IMAGE", Debian.BOOKWORM: "BASE_IMAGE_BOOKWORM"}
"""The variable that names each release's base image, here and in the Compose files."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image by the Compose service that builds it, its Dockerfile, and the Debian release below it.

    `proxy` is the folder of the proxy that it holds.
    """

    service: str
    dockerfile: str
    debian: Debian = Debian.TRIXIE
    proxy: str = ""

    @property
    def name(self) -> str:
        """The tag used by stacks that are started by hand."""
        which = f"-{self.proxy}" if self.proxy else ""
        return f"topolab-{self.service}{which}:{self.debian}"

    @property
    def id_variable(self) -> str:
        """The Compose variable that holds the id to start instead of the tag."""
        return f"{self.service.upper()}_IMAGE"

    @property
    def inputs_variable(self) -> str:
        """The Compose variable that holds the digest of its inputs."""
        return f"{self.service.upper()}_INPUTS"


LOAD = Image(LOAD_IMAGE, "loadtest/Dockerfile")
"""The load generator, with the tools of most drivers."""


def driver_image(driver: Descriptor) -> Image:
    """The image that has a driver: the load generator's, or one of its own."""
    return LOAD if driver.image == LOAD_IMAGE else Image(driver.image, f"loadtest/{driver.image}/Dockerfile")


def driver_images() -> tuple[Image, ...]:
    """The images that topolab's own drivers are in, the load generator's first."""
    return tuple(dict.fromkeys((LOAD, *map(driver_image, drivers().values()))))


def server_image(debian: Debian) -> Image:
    """The servers and apps on a Debian release."""
    return Image("server", "servers/Dockerfile", debian)


def companion_image(debian: Debian) -> Image:
    """The same, plus the programs that apps need next to the server."""
    return Image("companion", "servers/Dockerfile", debian)


def proxy_image(proxy: str) -> Image:
    """The image of a proxy, by its folder."""
    return Image("proxy", f"{proxy}/Dockerfile", proxy=proxy)


def base_image(engine: Engine, debian: Debian) -> str:
    """The image in the release's variable, else the one from scripts/build_base_image.py, else Debian's own."""
    made = f"topolab-base:{debian}"
    return os.environ.get(BASES[debian]) or (made if engine.image(made) else f"debian:{debian}-slim")


def releases_of(images: Iterable[Image]) -> list[Debian]:
    """The Debian releases that some images are built on."""
    found = {image.debian for image in images}
    return [debian for debian in Debian if debian in found]
