"""Digests of files and folders: by names, execute bits and contents, so that a copy has the digest of its original."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

IGNORED = ("__pycache__", "*.pyc", ".*")
"""The names of files and folders that no stack uses."""
_DIGITS = 16


def files_at(place: Path, name: str) -> dict[str, Path]:
    """The files of a folder, or the one file, by their names if `place` is called `name`; empty if there are none."""
    if place.is_dir():
        return {f"{name}/{path.relative_to(place).as_posix()}": path for path in _walk(place)}
    return {name: place} if place.is_file() else {}


def digest_of(files: Mapping[str, Path]) -> str:
    """One digest for files by name."""
    sha = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = _content(path)
        sha.update(f"{name}\0{path.stat().st_mode & 0o111}\0{len(content)}\0".encode())
        sha.update(content)
    return sha.hexdigest()[:_DIGITS]


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not _ignored(name) and name != "_catalogue"]
        for name in names:
            path = Path(place, name)
            if not _ignored(name) and path.is_file():
                yield path


def _ignored(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in IGNORED)


def _content(path: Path) -> bytes:
    """A file's content; for TOML, its data, so that comments and line endings make no difference."""
    content = path.read_bytes()
    if path.suffix == ".toml":
        try:
            return json.dumps(tomllib.loads(content.decode("utf-8-sig")), default=str).encode()
        except ValueError:  # damaged or not text: the catalogue refuses it where it is used
            return content
    return content
