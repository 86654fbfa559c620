"""The images stacks are made from: what goes into them, whether they are up to date, and building them."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from topolab.backends.compose.composer import Composer, explain
from topolab.backends.compose.engine import Engine
from topolab.backends.compose.labels import INPUTS
from topolab.catalogue.root import FOLDERS, own_root
from topolab.errors import EngineError
from topolab.model.server import Debian

COMPOSE = "compose"
PROXY, LOAD, BROWSER = "topolab-proxy:trixie", "topolab-load:trixie", "topolab-browser:trixie"
_BUNDLES = ("CA_BUNDLE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_BASES = {Debian.TRIXIE: "BASE_IMAGE", Debian.BOOKWORM: "BASE_IMAGE_BOOKWORM"}


def server_image(debian: Debian) -> str:
    """The server image of a Debian release."""
    return f"topolab-server:{debian}"


def compose_folder(root: Path) -> Path:
    """Where the Compose files are: the catalogue's own, or the lab's where it has none."""
    return root / COMPOSE if (root / COMPOSE).is_dir() else own_root() / COMPOSE


def stage(root: Path, folder: Path) -> None:
    """Copy into `folder` all that images are built from: the lab's own, and the catalogue's over it.

    A copy, because a catalogue may be links, and an installed package is not laid out like a checkout.
    """
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    own = own_root()
    for source in (own, root) if root != own else (own,):
        for name in (*FOLDERS, COMPOSE):
            if (source / name).is_dir():
                shutil.copytree(
                    source / name, folder / name, ignore=ignore, ignore_dangling_symlinks=True, dirs_exist_ok=True
                )
    bundled = shutil.ignore_patterns("__pycache__", "*.pyc", "_catalogue")
    shutil.copytree(Path(__file__).resolve().parents[2], folder / "src" / "topolab", ignore=bundled)


def digest(folder: Path, bases: Iterable[str]) -> str:
    """One number for all the files below `folder` and the base images: names, modes and contents."""
    sha = hashlib.sha256()
    for base in bases:
        sha.update(base.encode() + b"\0")
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        sha.update(f"{path.relative_to(folder)}\0{path.stat().st_mode & 0o111}\0{len(content)}\0".encode())
        sha.update(content)
    return sha.hexdigest()


def base_image(engine: Engine, debian: Debian) -> str:
    """The base: what BASE_IMAGE names, else the one that scripts/build_base_image.py makes, else Debian's own."""
    made = f"topolab-base:{debian}"
    return os.environ.get(_BASES[debian]) or (made if engine.image_id(made) else f"debian:{debian}-slim")


def ensure_images(
    engine: Engine,
    composer: Composer,
    root: Path,
    wanted: Iterable[Debian],
    say: Callable[[str], None],
    *,
    browser: bool = False,
) -> None:
    """Build the images that are missing or older than what they are built from. Raises `EngineError`.

    That with a browser only where one is wanted: it is as large as all the others.
    """
    with tempfile.TemporaryDirectory(prefix="images-", dir=composer.keeper.folder) as name:
        folder = Path(name)
        stage(root, folder)
        for debian in wanted:
            services = {server_image(debian): "server"}
            if debian is Debian.TRIXIE:
                services |= {PROXY: "proxy", LOAD: "load", **({BROWSER: "browser"} if browser else {})}
            _ensure(engine, composer, folder, debian, services, say)


def _ensure(
    engine: Engine,
    composer: Composer,
    folder: Path,
    debian: Debian,
    services: Mapping[str, str],
    say: Callable[[str], None],
) -> None:
    base = base_image(engine, debian)
    inputs = digest(folder, (base, engine.image_id(base) or ""))
    stale = [image for image in services if engine.image_label(image, INPUTS) != inputs]
    if not stale:
        return
    new = [image for image in stale if engine.image_id(image) is None]
    say(f"building {', '.join(stale)} on {base} ({'first time: a minute or two' if new else 'its inputs changed'})")
    begun = time.monotonic()
    done = composer.build(
        ("base", "load", "browser", "alb") if len(services) > 1 else ("base",),
        [services[image] for image in stale],
        {
            "TOPOLAB_CONTEXT": str(folder),
            "TOPOLAB_INPUTS": inputs,
            "SERVER_DEBIAN": debian.value,
            "BASE_IMAGE": base,
            "CA_BUNDLE": next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), "/dev/null"),
        },
    )
    if done.code is None:
        raise EngineError("building the images took more than half an hour and was given up")
    if done.code:
        raise EngineError(f"the images cannot be built: {explain(done.output, base)}; --backend local needs none")
    engine.forget_untagged_images(INPUTS)
    say(f"built in {time.monotonic() - begun:.0f} s")
