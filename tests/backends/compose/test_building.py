"""Which images have to be built, and how a run keeps the images that it uses."""

from __future__ import annotations

from typing import cast

import pytest

from topolab.backends.compose.building import BASE, batches, hold_images, wanted_images
from topolab.backends.compose.context import digest
from topolab.backends.compose.engine import Engine
from topolab.backends.compose.images import LOAD, Image, companion_image, proxy_image, server_image
from topolab.errors import EngineError
from topolab.launch.root import own_root
from topolab.model.server import Debian

SERVER = server_image(Debian.TRIXIE)


class Images:
    """An engine that has only images: their ids and labels by name."""

    def __init__(self, **images: tuple[str, str]) -> None:
        self.images = {"topolab-base:trixie": ("sha256:base", ""), **images}
        self.held: list[tuple[str, str, str]] = []

    def image(self, name: str) -> tuple[str, str] | None:
        return self.images.get(name)

    def hold_image(self, image_id: str, owner: str, name: str) -> None:
        self.held.append((image_id, owner, name))

    @property
    def engine(self) -> Engine:
        """Return itself where code connects to an engine."""
        return cast(Engine, self)


@pytest.fixture(autouse=True)
def no_bases(monkeypatch: pytest.MonkeyPatch) -> None:
    """No base image is set."""
    for name in ("BASE_IMAGE", "BASE_IMAGE_BOOKWORM"):
        monkeypatch.delenv(name, raising=False)


def test_missing_and_changed_images_are_due() -> None:
    engine = Images()
    wanted = wanted_images(engine.engine, own_root(), (SERVER, proxy_image("nginx"), LOAD))
    assert wanted.due(engine.engine) == [SERVER, proxy_image("nginx"), LOAD]
    engine.images[SERVER.name] = ("sha256:1", digest(wanted.parts[SERVER]))
    engine.images[proxy_image("nginx").name] = ("sha256:2", digest(wanted.parts[LOAD]))
    engine.images[LOAD.name] = ("sha256:3", "")
    assert wanted.due(engine.engine) == [proxy_image("nginx"), LOAD]


def test_a_new_base_makes_only_its_images_due() -> None:
    bookworm = server_image(Debian.BOOKWORM)
    engine = Images()
    engine.images["topolab-base:bookworm"] = ("sha256:other", "")
    wanted = wanted_images(engine.engine, own_root(), (SERVER, proxy_image("nginx"), bookworm))
    engine.images |= {image.name: ("sha256:1", digest(found)) for image, found in wanted.parts.items()}
    assert wanted.due(engine.engine) == []
    engine.images["topolab-base:bookworm"] = ("sha256:newer", "")
    assert wanted_images(engine.engine, own_root(), (SERVER, proxy_image("nginx"), bookworm)).due(engine.engine) == [
        bookworm
    ]


def test_each_release_has_a_base_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_IMAGE", "mine:trixie")
    images = (SERVER, server_image(Debian.BOOKWORM), companion_image(Debian.BOOKWORM))
    wanted = wanted_images(Images().engine, own_root(), images)
    assert {image.name: found[BASE] for image, found in wanted.parts.items()} == {
        "topolab-server:trixie": "mine:trixie",
        "topolab-server:bookworm": "debian:bookworm-slim",
        "topolab-companion:bookworm": "debian:bookworm-slim",
    }


def made(*images: Image) -> tuple[Images, dict[Image, str]]:
    engine = Images()
    wanted = wanted_images(engine.engine, own_root(), images)
    engine.images |= {image.name: (f"sha256:{image.name}", digest(found)) for image, found in wanted.parts.items()}
    return engine, hold_images(engine.engine, wanted, "token")


def test_a_runs_images_are_held_by_its_own_tags() -> None:
    engine, ids = made(SERVER, proxy_image("nginx"))
    assert ids == {SERVER: "sha256:topolab-server:trixie", proxy_image("nginx"): "sha256:topolab-proxy-nginx:trixie"}
    assert engine.held == [
        ("sha256:topolab-server:trixie", "token", "server-trixie"),
        ("sha256:topolab-proxy-nginx:trixie", "token", "proxy-nginx-trixie"),
    ]


def test_an_image_that_another_checkout_just_built_is_not_used() -> None:
    engine = Images()
    wanted = wanted_images(engine.engine, own_root(), (SERVER,))
    engine.images[SERVER.name] = ("sha256:1", "another digest")
    with pytest.raises(EngineError, match="another checkout has just built topolab-server:trixie; start the run again"):
        hold_images(engine.engine, wanted, "token")


def test_one_build_covers_a_release_with_one_proxy_and_others_are_built_separately() -> None:
    old, nginx, relay = server_image(Debian.BOOKWORM), proxy_image("nginx"), proxy_image("relay")
    assert batches((SERVER, old, nginx, relay, LOAD)) == [[SERVER, nginx, LOAD], [relay], [old]]
    assert batches((old, SERVER)) == [[SERVER], [old]]
    assert {relay.name, nginx.name} == {"topolab-proxy-relay:trixie", "topolab-proxy-nginx:trixie"}
