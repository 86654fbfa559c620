"""The Docker Engine that tests use."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def image_names_kept(folder: Path) -> Iterator[None]:
    """Wait for other test processes that change which image has which name, and let none do so inside the block."""
    with (folder / "image-names.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def whole_plan(catalogue: Catalogue) -> Plan:
    """A plan whose cells need every image but the browser's."""
    plans = [make_plan(catalogue.matrices[name], catalogue, Filters(), {}) for name in ("default", "talk-options")]
    return Plan(tuple(cell for plan in plans for cell in plan.cells), ())
