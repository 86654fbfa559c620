"""What tests of several folders share: the real catalogue, a local backend, and the summary of skips."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.h2load_tool import make_h2load_folder
from support.needs import skips_by_reason
from topolab.backends.local.backend import LocalBackend
from topolab.backends.local.proxies import find_proxies
from topolab.catalogue import Catalogue, default_root, load_catalogue
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessKeeper

pytest_plugins = ("support.certificates", "support.keys")

_ALONE = "alone"
_ALONE_PLACES = (
    "tests/backends/test_agreement.py",
    "tests/backends/compose/",
    "tests/cli/",
    "tests/compose/",
    "tests/docs/test_adding_a_server.py",
    "tests/docs/test_extending_proxy.py",
    "tests/packaging/",
    "tests/support/test_private_engine.py",
)
_ALONE_FIXTURES = {"docker_site", "docker_backend", "h2load_folder", "images"}


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
    with LocalBackend(catalogue, find_proxies(catalogue), keeper, CpuLayout(None, None, None)) as backend:
        yield backend


@pytest.fixture(scope="session")
def h2load_folder(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with an h2load that is new enough."""
    return make_h2load_folder(tmp_path_factory.mktemp("h2load"), catalogue)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once for each reason how many tests were skipped for it, and what would make them run."""
    skipped = skips_by_reason(terminalreporter.getreports("skipped"))
    if skipped:
        terminalreporter.section("skipped")
    for line in skipped:
        terminalreporter.line(line)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group tests for pytest-xdist: a file's tests run in one process, and those that must not overlap in another.

    The engine's tests share images and a project name, and whole runs notice each other. They take longest, and so
    come first.
    """
    for item in items:
        group = _ALONE if _runs_alone(item) else item.path.relative_to(item.config.rootpath).as_posix()
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: not _runs_alone(item))


def _runs_alone(item: pytest.Item) -> bool:
    place = item.path.relative_to(item.config.rootpath).as_posix()
    return place.startswith(_ALONE_PLACES) or bool(_ALONE_FIXTURES & set(getattr(item, "fixturenames", ())))
