"""The images stacks are made from, and the bases those are built on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from topolab.backends.compose.engine import Engine
from topolab.model.server import Debian

BASES = {Debian.TRIXIE: "BASE_IMAGE", Debian.BOOKWORM: "BASE_IMAGE_BOOKWORM"}
"""The variable that names each release's base, here and in the Compose files."""


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
        """The tag that stacks use by hand."""
        which = f"-{self.proxy}" if self.proxy else ""
        return f"topolab-{self.service}{which}:{self.debian}"

    @property
    def id_variable(self) -> str:
        """The Compose variable that holds the id to start instead of the tag."""
        return f"{self.service.upper()}_IMAGE"

    @property
    def inputs_variable(self) -> str:
        """The Compose variable that holds the digest of what goes into it."""
        return f"{self.service.upper()}_INPUTS"


LOAD = Image("load", "loadtest/Dockerfile")
BROWSER = Image("browser", "loadtest/browser/Dockerfile")


def server_image(debian: Debian) -> Image:
    """The servers and apps on a Debian release."""
    return Image("server", "servers/Dockerfile", debian)


def companion_image(debian: Debian) -> Image:
    """The same with the programs that apps need beside the server."""
    return Image("companion", "servers/Dockerfile", debian)


def proxy_image(proxy: str) -> Image:
    """The image of a proxy, by its folder."""
    return Image("proxy", f"{proxy}/Dockerfile", proxy=proxy)


def base_image(engine: Engine, debian: Debian) -> str:
    """What the release's variable names, else what scripts/build_base_image.py makes, else Debian's own image."""
    made = f"topolab-base:{debian}"
    return os.environ.get(BASES[debian]) or (made if engine.image(made) else f"debian:{debian}-slim")


def releases_of(images: Iterable[Image]) -> list[Debian]:
    """The Debian releases below some images."""
    found = {image.debian for image in images}
    return [debian for debian in Debian if debian in found]
