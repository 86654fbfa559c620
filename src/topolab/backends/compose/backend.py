"""Stacks as containers, by Docker Compose: the same servers, launchers and checks as on loopback."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from topolab.backends.certificate import issue_certificate
from topolab.backends.compose.composer import Composer
from topolab.backends.compose.engine import Engine
from topolab.backends.compose.images import Image, driver_images
from topolab.backends.compose.load_generator import LoadGenerator
from topolab.backends.compose.stack import ComposeStack, Surroundings
from topolab.backends.compose.sweep import sweep_patiently
from topolab.catalogue import Catalogue
from topolab.errors import EngineError, StageError
from topolab.model.cell import Cell
from topolab.model.outcome import Stage
from topolab.model.target import EDGE_NAME, Workplace
from topolab.process.cpus import CpuLayout


class ComposeBackend:
    """Makes stacks as Compose projects; `backends.Backend` documents the members.

    `check_files` raises `StageError` if a file that no image has is no longer as the run began with it.
    """

    name = "docker"

    def __init__(
        self,
        catalogue: Catalogue,
        engine: Engine,
        composer: Composer,
        cpus: CpuLayout,
        edge_address: str,
        run_id: str,
        token: str,
        images: Mapping[Image, str],
        check_files: Callable[[Cell], None],
    ) -> None:
        self._check_files = check_files
        self._engine = engine
        self._composer = composer
        self._token = token
        self._project = f"topolab-{run_id.lower()}-{token[:6]}"
        self._numbers = count(1)
        self._left = False
        self._given_up: EngineError | None = None
        files = issue_certificate(Path(tempfile.mkdtemp(dir=composer.keeper.folder)), EDGE_NAME)
        variables = {
            "TOPOLAB_RUN": run_id,
            "TOPOLAB_OWNER": token,
            "NO_HEALTH_CHECKS": "true",
            "SERVER_CPUS": _listed(cpus.server),
            "PROXY_CPUS": _listed(cpus.proxy),
            # A part that terminates TLS gets the certificate, and no part makes its own.
            "SELF_SIGNED_NAME": "",
            "SERVER_CONDITION": "service_started",
        }
        generator = None
        if not engine.remote:
            own = {
                **variables,
                **{image.id_variable: images[image] for image in driver_images() if image in images},
                "LOAD_CPUS": _listed(cpus.client),
                "AUTHORITY_PEM": files.authority.read_text(),
                # The edge publishes no ports: the load comes from inside.
                "EDGE_INTERNAL": "true",
            }
            generator = LoadGenerator(engine, composer, f"{self._project}-run", own)
        here = Workplace((), sys.executable, str(catalogue.root))
        self._around = Surroundings(
            catalogue, engine, composer, generator, here, edge_address, files, variables, images
        )

    @contextmanager
    def stack(self, cell: Cell) -> Iterator[ComposeStack]:
        """The cell's containers, fresh, up and answering; gone afterwards."""
        self._check_files(cell)
        self._await_engine()
        project = f"{self._project}-{next(self._numbers)}"
        with ExitStack() as resources:
            try:
                stack = ComposeStack(cell, self._around, project, resources, self._down)
            except EngineError as error:
                # The next cell finds out whether the engine is gone for good.
                self._left = True
                raise StageError(Stage.START, f"the engine was lost: {error}") from error
            yield stack

    def close(self) -> None:
        """Remove everything left from this sitting. Raises `EngineError` if the engine does not allow it.

        An engine that was given up is not waited for again: the same error is raised.
        """
        if self._around.generator is not None:
            self._around.generator.close()
        if self._given_up is None:
            sweep_patiently(self._engine, self._token)
            return
        try:
            self._engine.sweep(self._token)
        except EngineError as error:
            raise self._given_up from error

    def _down(self, project: str) -> None:
        """Take a project down. Whatever cannot be removed now is removed before the next stack, or at the end."""
        if self._composer.down(project).code != 0:
            self._left = True

    def _await_engine(self) -> None:
        """Before a stack, wait for an engine that was restarted, and remove what it still has."""
        if self._left or not self._engine.answers():
            try:
                sweep_patiently(self._engine, self._token)
            except EngineError as error:
                self._given_up = error
                raise
            self._left = False


def _listed(cpus: frozenset[int] | None) -> str:
    return ",".join(map(str, sorted(cpus or ())))
