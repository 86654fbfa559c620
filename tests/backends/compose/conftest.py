"""The machine's engine with this checkout's images, and a backend for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.containers import RUN
from support.engines import image_names_kept, site_here, whole_plan
from topolab.backends.compose import ComposeBackend
from topolab.backends.compose.site import ComposeSite
from topolab.catalogue import Catalogue
from topolab.process.group import ProcessKeeper


@pytest.fixture(scope="session")
def docker_keeper() -> Iterator[ProcessKeeper]:
    """A keeper for the session; only the Docker tests give it commands to run when killed."""
    with ProcessKeeper() as keeper:
        yield keeper


@pytest.fixture(scope="session")
def docker_site(
    catalogue: Catalogue, docker_keeper: ProcessKeeper, all_processes_folder: Path
) -> Iterator[ComposeSite]:
    """A prepared site: images for every server are up to date."""
    site = site_here(catalogue)
    plan = whole_plan(catalogue)
    with image_names_kept(all_processes_folder):  # two test processes must not build the same images at once
        site.prepare(plan, docker_keeper, print)
    yield site
    site.close()


@pytest.fixture(scope="session")
def docker_backend(docker_site: ComposeSite, docker_keeper: ProcessKeeper) -> Iterator[ComposeBackend]:
    """A backend whose containers are gone after the session."""
    with docker_site.open(RUN, docker_keeper) as backend:
        yield backend
