"""Certificates and a load worker for the driver tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.driver_stage import Client, worker


@pytest.fixture
def client() -> Iterator[Client]:
    with worker() as client:
        yield client
