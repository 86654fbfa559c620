"""Chooses a run's backend: the one requested, or with `auto`, Docker if an engine answers."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from topolab.catalogue import Catalogue
from topolab.drivers.registry import Drivers, drivers
from topolab.errors import EngineError, InputError

if TYPE_CHECKING:  # importing it takes a tenth of a second
    from topolab.backends import Site

_NAMES_AN_ENGINE = ("DOCKER_HOST", "DOCKER_CONTEXT")


@dataclass(frozen=True, slots=True)
class Choice:
    """The site, the reason for it if it may surprise, and the drivers.

    `warning` says that the engine which the user's environment names is not used.
    """

    site: Site
    why: str = ""
    warning: str = ""
    drivers: Drivers = field(default_factory=drivers)

    @property
    def about(self) -> str:
        """Where stacks live, in a line."""
        return f"{self.site.about} ({self.why})" if self.why else self.site.about


def choose_site(backend: str | None, context: str | None, catalogue: Catalogue) -> Choice:
    """Raises `EngineError` if Docker was requested but cannot be used; `InputError` for an unsuitable proxy program."""
    return replace(_chosen(backend, context, catalogue), drivers=catalogue.drivers)


def _chosen(backend: str | None, context: str | None, catalogue: Catalogue) -> Choice:
    from topolab.backends.compose.connect import plausible
    from topolab.backends.local.proxies import proxy_variables

    own = next((name for name in proxy_variables(catalogue) if os.environ.get(name)), "")

    if backend == "docker" or context:
        if own:
            raise InputError(f"{own} is only for the local backend; unset it, because images have their own proxy")
        return Choice(_docker(context, catalogue))
    from topolab.backends.local.site import LocalSite

    if backend == "local":
        return Choice(LocalSite(catalogue))
    if own:
        return Choice(LocalSite(catalogue), f"{own} is set")
    if not plausible():
        return Choice(LocalSite(catalogue), "no Docker engine here")
    try:
        return Choice(_docker(None, catalogue))
    except EngineError as error:
        named = next((name for name in _NAMES_AN_ENGINE if os.environ.get(name)), "")
        if named:
            warning = f"using local processes, because the engine that {named} names cannot be used: {error}"
            return Choice(LocalSite(catalogue), warning=warning)
        return Choice(LocalSite(catalogue), f"not Docker: {error}")


def _docker(context: str | None, catalogue: Catalogue) -> Site:
    from topolab.backends.compose.site import find_site

    return find_site(catalogue, context)
