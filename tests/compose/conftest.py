"""Images of the checkout's catalogue for stacks that tests start by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from support.engines import site_here, whole_plan
from topolab.catalogue import Catalogue
from topolab.process.group import ProcessKeeper


@pytest.fixture(scope="session")
def images(catalogue: Catalogue) -> Iterator[None]:
    """Every image is on the engine, built from this checkout."""
    plan = whole_plan(catalogue)
    with ProcessKeeper() as keeper, closing(site_here(catalogue)) as site:
        site.prepare(plan, keeper, print)
        yield
