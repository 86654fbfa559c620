"""A load worker of each client that the loops know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.driver_stage import Client, worker


@pytest.fixture(params=["curl", "sockets"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with worker(driver=request.param) as client:
        yield client
