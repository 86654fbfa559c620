"""The catalogue of this repository, as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from topolab.catalogue import Catalogue, load_catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(Path(__file__).parents[2])
