"""The Docker Engine that tests use."""

from __future__ import annotations

from support.needs import skip_or_fail
from topolab.backends.compose.site import ComposeSite, find_site
from topolab.catalogue import Catalogue
from topolab.errors import EngineError
from topolab.model.cell import Plan
from topolab.plan import Filters, make_plan


def site_here(catalogue: Catalogue) -> ComposeSite:
    """The machine's engine, by the user's own settings."""
    try:
        return find_site(catalogue, None)
    except EngineError as error:
        skip_or_fail(f"a Docker Engine is needed (on Debian, as root: bash .ci/engine): {error}")
        raise


def whole_plan(catalogue: Catalogue) -> Plan:
    """A plan whose cells need every image but the browser's."""
    plans = [make_plan(catalogue.matrices[name], catalogue, Filters(), {}) for name in ("default", "talk-options")]
    return Plan(tuple(cell for plan in plans for cell in plan.cells), ())
