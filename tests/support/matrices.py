"""Matrices that tests write: one round of a few cells of the bare app."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def matrix_file(
    path: Path,
    *,
    servers: Sequence[str] = ("granian-asgi",),
    topologies: Sequence[str] = ("direct",),
    protocols: Sequence[str] = ("h2",),
    profiles: Sequence[str] = ("ceiling",),
) -> str:
    """Write the matrix to `path`, under the name of the file, and return what `--matrix` takes."""
    lists = {"servers": servers, "apps": ["bare"], "topologies": topologies, "protocols": protocols}
    lines = [f'name = "{path.stem}"', 'summary = "cells of a test"', "rounds = 1", "", "[[select]]"]
    # A list of plain names is written alike in Python and in TOML.
    lines += [f"{key} = {list(values)}" for key, values in {**lists, "profiles": profiles}.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)
