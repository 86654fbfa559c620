"""The inputs of images: the build context, and a digest of each part that a Dockerfile copies from it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from topolab.backends.digests import IGNORED, digest_of, files_at
from topolab.backends.used_files import PACKAGE
from topolab.launch.root import FOLDERS, own_root, proxy_folders

COMPOSE = "compose"


def compose_folder(root: Path) -> Path:
    """Where the Compose files are: in the catalogue, or in topolab's own if the catalogue has none."""
    return root / COMPOSE if (root / COMPOSE).is_dir() else own_root() / COMPOSE


def stage(root: Path, folder: Path) -> None:
    """Copy everything that images are built from into `folder`: topolab's own files, overlaid with the catalogue's.

    It is a copy because a catalogue may consist of links, and an installed package is not laid out like a checkout.
    """
    ignore = shutil.ignore_patterns(*IGNORED)
    for source in _layers(root):
        for name in {*FOLDERS, *proxy_folders(source), COMPOSE}:
            if (source / name).is_dir():
                shutil.copytree(
                    source / name, folder / name, ignore=ignore, ignore_dangling_symlinks=True, dirs_exist_ok=True
                )
    bundled = shutil.ignore_patterns(*IGNORED, "_catalogue")
    shutil.copytree(_package(), folder / PACKAGE, ignore=bundled)


def parts(root: Path, dockerfile: str) -> dict[str, str]:
    """A digest of each part of an image: its Dockerfile, and what that copies from the build context.

    If a catalogue folder is copied whole, each of its entries is a separate part: every server, app and topology.
    """
    found = {dockerfile: digest_of(_files(root, dockerfile))}
    for source in copied(_files(root, dockerfile)[dockerfile].read_text(encoding="utf-8")):
        by_part: dict[str, dict[str, Path]] = {}
        for name, path in _files(root, source).items():
            by_part.setdefault(_part(source, name), {})[name] = path
        found |= {part: digest_of(files) for part, files in by_part.items()}
    return found


def digest(values: Mapping[str, str]) -> str:
    """One digest for names and their values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def copied(dockerfile: str) -> list[str]:
    """What a Dockerfile's COPY lines take from the build context."""
    lines = re.sub(r"\\\n", " ", dockerfile).splitlines()
    words = [line.split()[1:] for line in lines if line.startswith("COPY ") and "--from=" not in line]
    return [word for line in words for word in line[:-1] if not word.startswith("--")]


def _part(source: str, name: str) -> str:
    """The part that a file copied by `source` belongs to."""
    words = name.split("/")
    if words[1:2] == ["topologies"]:
        return name
    return source if "/" in source else "/".join(words[:2])


def _layers(root: Path) -> tuple[Path, ...]:
    own = own_root()
    return (own, root) if root != own else (own,)


def _package() -> Path:
    return Path(__file__).resolve().parents[2]


def _files(root: Path, source: str) -> dict[str, Path]:
    """The files that a COPY source covers, by their names in the build context."""
    if source.startswith(PACKAGE):
        return files_at(_package() / Path(source).relative_to(PACKAGE), source)
    found: dict[str, Path] = {}
    for layer in _layers(root):
        for place in layer.glob(source):
            name = place.relative_to(layer).as_posix()
            if not any(word.startswith(".") for word in name.split("/")):
                found |= files_at(place, name)
    return found
