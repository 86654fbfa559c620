"""What tests of several folders share: the real catalogue, and a local backend to stand stacks up with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from topolab.backends.local import LocalBackend, find_nginx
from topolab.catalogue import Catalogue, default_root, load_catalogue
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessKeeper


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The catalogue of this checkout."""
    return load_catalogue(default_root())


@pytest.fixture(scope="session")
def keeper() -> Iterator[ProcessKeeper]:
    """Ends whatever the tests started through it."""
    with ProcessKeeper() as keeper:
        yield keeper


@pytest.fixture(scope="session")
def backend(catalogue: Catalogue, keeper: ProcessKeeper) -> Iterator[LocalBackend]:
    """The local backend, with nothing pinned: tests measure nothing."""
    with LocalBackend(catalogue, find_nginx(), keeper, CpuLayout(None, None, None)) as backend:
        yield backend
