"""The Docker Engine that tests use."""

from __future__ import annotations

from support.needs import skip_or_fail
from topolab.backends.compose.site import ComposeSite, find_site
from topolab.catalogue import Catalogue
from topolab.errors import EngineError


def site_here(catalogue: Catalogue) -> ComposeSite:
    """The engine of this machine, by the user's own settings."""
    try:
        return find_site(catalogue, None)
    except EngineError as error:
        skip_or_fail(f"a Docker Engine is needed (on Debian, as root: bash .ci/engine): {error}")
        raise
