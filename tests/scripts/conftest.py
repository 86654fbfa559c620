"""Checkouts that the scripts set up."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.checkouts import copied

AWKWARD = "a checkout; $p 'q' {r} #s"
"""A folder whose name means something to a shell, to a template or to a configuration file."""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout for all tests of this folder: setting one up takes seconds."""
    return copied(tmp_path_factory.mktemp("clone") / AWKWARD)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout that nothing was installed in."""
    return copied(tmp_path / "checkout")
