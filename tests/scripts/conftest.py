"""Checkouts that the scripts set up."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.checkouts import copied

AWKWARD = "a checkout; $p 'q' {r} #s"
"""A folder whose name has characters special to shells, templates and configuration files."""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout for all tests of this folder: setting one up takes seconds."""
    return copied(tmp_path_factory.mktemp("clone") / AWKWARD)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout without an environment."""
    return copied(tmp_path / "checkout")
