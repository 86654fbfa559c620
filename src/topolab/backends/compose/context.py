"""The inputs of images: the build context, and a digest of each part that a Dockerfile copies from it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from topolab.catalogue.root import FOLDERS, own_root
from topolab.launch.proxies import proxy_folders

COMPOSE = "compose"
_PACKAGE = "src/topolab"
_IGNORED = ("__pycache__", "*.pyc", ".*")
_DIGITS = 16


def compose_folder(root: Path) -> Path:
    """Where the Compose files are: in the catalogue, or in the lab's own if the catalogue has none."""
    return root / COMPOSE if (root / COMPOSE).is_dir() else own_root() / COMPOSE


def stage(root: Path, folder: Path) -> None:
    """Copy everything that images are built from into `folder`: the lab's own files, overlaid with the catalogue's.

    It is a copy because a catalogue may consist of links, and an installed package is not laid out like a checkout.
    """
    ignore = shutil.ignore_patterns(*_IGNORED)
    for source in _layers(root):
        for name in {*FOLDERS, *proxy_folders(source), COMPOSE}:
            if (source / name).is_dir():
                shutil.copytree(
                    source / name, folder / name, ignore=ignore, ignore_dangling_symlinks=True, dirs_exist_ok=True
                )
    bundled = shutil.ignore_patterns(*_IGNORED, "_catalogue")
    shutil.copytree(_package(), folder / _PACKAGE, ignore=bundled)


def parts(root: Path, dockerfile: str) -> dict[str, str]:
    """A digest of each part of an image: its Dockerfile, and what that copies from the build context.

    If a catalogue folder is copied whole, each of its entries is a separate part: every server, every app.
    """
    found = {dockerfile: _digest(_files(root, dockerfile))}
    for source in copied(_files(root, dockerfile)[dockerfile].read_text(encoding="utf-8")):
        by_part: dict[str, dict[str, Path]] = {}
        for name, path in _files(root, source).items():
            words = name.split("/")
            part = "/".join(words[:2]) if "/" not in source else source
            by_part.setdefault(part, {})[name] = path
        found |= {part: _digest(files) for part, files in by_part.items()}
    return found


def digest(values: Mapping[str, str]) -> str:
    """One digest for names and their values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def copied(dockerfile: str) -> list[str]:
    """What a Dockerfile's COPY lines take from the build context."""
    lines = re.sub(r"\\\n", " ", dockerfile).splitlines()
    words = [line.split()[1:] for line in lines if line.startswith("COPY ") and "--from=" not in line]
    return [word for line in words for word in line[:-1] if not word.startswith("--")]


def _layers(root: Path) -> tuple[Path, ...]:
    own = own_root()
    return (own, root) if root != own else (own,)


def _package() -> Path:
    return Path(__file__).resolve().parents[2]


def _files(root: Path, source: str) -> dict[str, Path]:
    """The files that a COPY source covers, by their names in the build context."""
    found: dict[str, Path] = {}
    for layer in _layers(root):
        place = layer / source
        if source.startswith(_PACKAGE):
            place = _package() / Path(source).relative_to(_PACKAGE)
        if place.is_dir():
            found |= {f"{source}/{path.relative_to(place).as_posix()}": path for path in _walk(place)}
        elif place.is_file():
            found[source] = place
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not _ignored(name) and name != "_catalogue"]
        for name in names:
            path = Path(place, name)
            if not _ignored(name) and path.is_file():
                yield path


def _ignored(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _IGNORED)


def _digest(files: Mapping[str, Path]) -> str:
    """A digest of names, execute bits and contents."""
    sha = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = _content(path)
        sha.update(f"{name}\0{path.stat().st_mode & 0o111}\0{len(content)}\0".encode())
        sha.update(content)
    return sha.hexdigest()[:_DIGITS]


def _content(path: Path) -> bytes:
    """A file's content; for TOML, its data, so that comments and line endings make no difference."""
    content = path.read_bytes()
    if path.suffix == ".toml":
        try:
            return json.dumps(tomllib.loads(content.decode("utf-8-sig")), default=str).encode()
        except ValueError:  # damaged or not text: the catalogue refuses it where it is used
            return content
    return content
