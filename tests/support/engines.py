"""The Docker Engine that tests use: skipped without one, except where one is required, as in CI."""

from __future__ import annotations

import os

import pytest

from topolab.backends.compose.site import ComposeSite, find_site
from topolab.catalogue import Catalogue
from topolab.errors import EngineError
from topolab.model.cell import Plan
from topolab.plan import Filters, make_plan

REQUIRED = "TOPOLAB_REQUIRE_ENGINE"


def skip_or_fail(reason: str) -> None:
    """Skip the test for `reason`; where an engine is required, that is a failure."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason} ({REQUIRED} is set)")
    pytest.skip(reason)


def site_here(catalogue: Catalogue) -> ComposeSite:
    """The engine of this machine, by the user's own settings."""
    try:
        return find_site(catalogue, None)
    except EngineError as error:
        skip_or_fail(f"no Docker engine to test on: {error}")
        raise


def whole_plan(catalogue: Catalogue) -> Plan:
    """Cells for which every image is needed but the browser's."""
    plans = [make_plan(catalogue.matrices[name], catalogue, Filters(), {}) for name in ("default", "talk-options")]
    return Plan(tuple(cell for plan in plans for cell in plan.cells), ())
