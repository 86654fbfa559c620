"""Fixtures for several folders: the real catalogue, a local backend, the summary of skips."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.engines import image_names_kept
from support.h2load_tool import make_h2load_folder
from support.needs import skips_by_reason
from topolab.backends.local.backend import LocalBackend
from topolab.backends.local.proxies import find_proxies
from topolab.catalogue import Catalogue, default_root, load_catalogue
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessKeeper
from topolab.process.neighbours import GROUP_VARIABLE

pytest_plugins = ("support.certificates", "support.keys")

# Runs on this machine that these tests did not start must not add a warning to what they compare.
os.environ[GROUP_VARIABLE] = f"tests {secrets.token_hex(8)}"

# What uses the machine's Docker Engine: these tests share its images and project names. Those with an engine of their
# own only copy its images.
_ALONE = (
    "tests/backends/compose/",
    "tests/backends/test_agreement.py",
    "tests/cli/test_h2load_run.py",
    "tests/compose/test_by_hand.py",
    "tests/docs/test_extending_proxy.py",
    "tests/drivers/h2load/test_loads.py",
)
_OWN_ENGINE = "tests/backends/compose/test_other_engine.py"
_LONG = (_OWN_ENGINE, "tests/loadtest/test_locust_", "tests/scripts/test_bootstrap.py")


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
    """The local backend without pinning, because tests measure nothing."""
    with LocalBackend(catalogue, find_proxies(catalogue), keeper, CpuLayout(None, None, None)) as backend:
        yield backend


@pytest.fixture(scope="session")
def all_processes_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the processes of this test session share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture
def renaming_images(all_processes_folder: Path) -> Iterator[None]:
    """For tests that build other images under the usual names, or give the names to other images."""
    with image_names_kept(all_processes_folder):
        yield


@pytest.fixture(scope="session")
def h2load_folder(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with a recent enough h2load."""
    return make_h2load_folder(tmp_path_factory.mktemp("h2load"), catalogue)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print for each reason how many tests were skipped, and what would make them run."""
    skipped = skips_by_reason(terminalreporter.getreports("skipped"))
    if skipped:
        terminalreporter.section("skipped")
    for line in skipped:
        terminalreporter.line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with what takes longest, so that both processes end at about the same time."""
    items.sort(key=lambda item: (not _alone(item.nodeid), not item.nodeid.startswith(_LONG)))


def _alone(nodeid: str) -> bool:
    return nodeid.startswith(_ALONE) and not nodeid.startswith(_OWN_ENGINE)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a file's tests in one process, and all those that must not overlap in another.

    pytest-xdist's own groups need marks, which version 3.8 does not see under pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "alone" if _alone(nodeid) else nodeid.partition("::")[0]

    return ByFile(config, log)
