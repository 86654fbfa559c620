"""The images that drivers are in: the load generator's, and one for each driver that names its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from topolab.backends.compose.images import LOAD, Image, driver_image, driver_images
from topolab.backends.compose.load_generator import LoadGenerator
from topolab.drivers.descriptor import Descriptor
from topolab.drivers.registry import drivers
from topolab.launch.root import own_root


@dataclass
class Engine:
    """Every service that was started has a container, until it is among `ended`."""

    started: list[tuple[str, ...]] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)

    def containers(self, _project: str) -> dict[str, Any]:
        return {files[-1].rpartition("/")[2]: SimpleNamespace(id=f"id-{len(self.started)}") for files in self.started}

    def ending(self, container: str) -> str:
        return "ended" if container in self.ended else ""


@dataclass
class Composer:
    """Starts what it is asked for, and keeps the files it was asked for it with."""

    engine: Engine
    context: str | None = None

    def up(self, _project: str, files: Sequence[str], *_: object) -> SimpleNamespace:
        self.engine.started.append(tuple(files))
        return SimpleNamespace(code=0, output="")


def own_image_drivers() -> list[str]:
    return [name for name, driver in drivers().items() if driver_image(driver) != LOAD]


def test_each_image_of_a_driver_has_a_dockerfile_and_a_service() -> None:
    assert driver_images() == (LOAD, Image("browser", "loadtest/browser/Dockerfile"))
    for image in driver_images():
        assert (own_root() / image.dockerfile).is_file()
    for name in own_image_drivers():
        assert (own_root() / "compose" / "parts" / f"{driver_image(drivers()[name]).service}.yaml").is_file()


def test_a_driver_that_names_no_image_is_in_the_load_generators() -> None:
    assert driver_image(Descriptor("plain", frozenset({"closed"}))) is LOAD


def test_a_driver_with_an_image_of_its_own_is_started_once_and_again_when_it_was_lost() -> None:
    (name,) = own_image_drivers()
    engine = Engine()
    generator: Any = LoadGenerator(engine, Composer(engine), "run", {})  # type: ignore[arg-type]
    first, second = generator.workplace(name), generator.workplace(name)
    assert first == second
    assert first.enter[-1] == "id-1"
    engine.ended.add("id-1")
    assert generator.workplace(name).enter[-1] == "id-2"
    assert engine.started == [("base", "load", f"parts/{drivers()[name].image}")] * 2
