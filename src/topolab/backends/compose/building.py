"""Finds a plan's outdated images, builds them, and holds on to the images found or built."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from topolab.backends.compose.build_progress import BuildProgress
from topolab.backends.compose.composer import Composer, explain
from topolab.backends.compose.context import digest, parts, stage
from topolab.backends.compose.engine import Engine
from topolab.backends.compose.images import BASES, LOAD, Image, base_image, driver_images, releases_of
from topolab.backends.compose.labels import INPUTS
from topolab.errors import EngineError
from topolab.model.server import Debian

BASE = "base"
"""The part of an image that is not a file: its base, by name and id."""
_FILES = ("base", "proxy", "load", "parts/build-companion")
"""The Compose files whose services build an image, except those of drivers with an image of their own."""
_BUNDLES = ("CA_BUNDLE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The images of a plan, with the digests of each image's parts."""

    parts: Mapping[Image, Mapping[str, str]]
    bases: Mapping[Debian, str]

    def due(self, engine: Engine) -> list[Image]:
        """The images that the engine lacks, or has built from other inputs."""
        labels = {image: (engine.image(image.name) or ("", ""))[1] for image in self.parts}
        return [image for image in self.parts if labels[image] != digest(self.parts[image])]


def wanted_images(engine: Engine, root: Path, images: Collection[Image]) -> Wanted:
    """The inputs of each of `images`, from the current files and engine."""
    bases = {debian: base_image(engine, debian) for debian in releases_of(images)}
    ids = {base: (engine.image(base) or ("", ""))[0] for base in bases.values()}
    found = {
        image: {BASE: f"{bases[image.debian]} {ids[bases[image.debian]]}".strip(), **parts(root, image.dockerfile)}
        for image in images
    }
    return Wanted(found, bases)


def build_due(engine: Engine, composer: Composer, root: Path, wanted: Wanted, say: Callable[[str], None]) -> float:
    """Build the images that are due; return how many seconds that took. Raises `EngineError`."""
    due = wanted.due(engine)
    if not due:
        return 0.0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="images-", dir=composer.keeper.folder) as name:
        stage(root, Path(name))
        for images in batches(due):
            _build(engine, composer, Path(name), wanted, images, say)
    engine.forget_untagged_images(INPUTS)
    return time.monotonic() - begun


def hold_images(engine: Engine, wanted: Wanted, token: str) -> dict[Image, str]:
    """The ids of the images, each held by a tag of this run until the sweep. Raises `EngineError`.

    Another checkout on the same engine may rebuild the same names at any time; a run starts what it has described.
    """
    ids = {}
    for image, its_parts in wanted.parts.items():
        found = engine.image(image.name)
        if found is None or found[1] != digest(its_parts):
            raise EngineError(f"another checkout has just built {image.name}; start the run again")
        ids[image] = found[0]
        engine.hold_image(found[0], token, image.name.removeprefix("topolab-").replace(":", "-"))
    return ids


def batches(images: Collection[Image]) -> list[list[Image]]:
    """What one build can make: images of one Debian release and of one proxy, since one service builds all proxies."""
    found = []
    for debian in releases_of(images):
        of_release = [image for image in images if image.debian is debian]
        others = [image for image in of_release if image.proxy][1:]
        found += [[image for image in of_release if image not in others], *([image] for image in others)]
    return found


def _build(
    engine: Engine,
    composer: Composer,
    folder: Path,
    wanted: Wanted,
    images: Collection[Image],
    say: Callable[[str], None],
) -> None:
    (debian,) = releases_of(images)
    proxies = [image.proxy for image in images if image.proxy]
    base = wanted.bases[debian]
    new = any(engine.image(image.name) is None for image in images)
    names = ", ".join(image.name for image in images)
    say(f"building {names} on {base} ({'first time: a minute or two' if new else 'its inputs changed'})")
    begun = time.monotonic()
    done = composer.build(
        [*_FILES, *(f"parts/{image.service}" for image in driver_images() if image is not LOAD)],
        [image.service for image in images],
        {
            "TOPOLAB_CONTEXT": str(folder),
            "SERVER_DEBIAN": debian.value,
            BASES[debian]: base,
            **({"PROXY": proxies[0]} if proxies else {}),
            "CA_BUNDLE": next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), "/dev/null"),
            **{image.inputs_variable: digest(wanted.parts[image]) for image in images},
        },
        BuildProgress({image.service: image.name for image in images}, say).read,
    )
    if done.code is None:
        raise EngineError("gave up building the images after more than half an hour")
    if done.code:
        raise EngineError(
            f"the images cannot be built: {explain(done.output, base, BASES[debian])}; --backend local needs none"
        )
    say(f"built in {time.monotonic() - begun:.0f} s")
