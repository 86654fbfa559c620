"""Stacks as containers, by Docker Compose: the same servers, launchers and checks as on loopback."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from topolab.backends.certificate import issue_certificate
from topolab.backends.compose.composer import Composer
from topolab.backends.compose.engine import Engine
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
    """Makes stacks as Compose projects; `backends.Backend` says what its members mean."""

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
    ) -> None:
        self._engine = engine
        self._composer = composer
        self._token = token
        self._project = f"topolab-{run_id.lower()}-{token[:6]}"
        self._numbers = count(1)
        self._left = False
        files = issue_certificate(Path(tempfile.mkdtemp(dir=composer.keeper.folder)), EDGE_NAME)
        variables = {
            "TOPOLAB_RUN": run_id,
            "TOPOLAB_OWNER": token,
            "NO_HEALTH_CHECKS": "true",
            "SERVER_CPUS": _listed(cpus.server),
            "PROXY_CPUS": _listed(cpus.proxy),
            "CHAIN_PEM": files.chain.read_text(),
            "KEY_PEM": files.key.read_text(),
        }
        lab = None
        if not engine.remote:
            own = {**variables, "LOAD_CPUS": _listed(cpus.client), "AUTHORITY_PEM": files.authority.read_text()}
            lab = LoadGenerator(engine, composer, f"{self._project}-lab", own)
        here = Workplace((), sys.executable, str(catalogue.root))
        self._around = Surroundings(catalogue, engine, composer, lab, here, edge_address, files.authority, variables)

    @contextmanager
    def stack(self, cell: Cell) -> Iterator[ComposeStack]:
        """The cell's containers, fresh, up and answering; gone afterwards."""
        self._await_engine()
        project = f"{self._project}-{next(self._numbers)}"
        with ExitStack() as resources:
            try:
                stack = ComposeStack(cell, self._around, project, resources, self._down)
            except EngineError as error:
                # Whether it is for good is for the next cell to find out.
                self._left = True
                raise StageError(Stage.START, f"the engine was lost: {error}") from error
            yield stack

    def close(self) -> None:
        """Remove all that is left of this sitting. Raises `EngineError` where the engine does not let it."""
        if self._around.lab is not None:
            self._around.lab.close()
        sweep_patiently(self._engine, self._token)

    def _down(self, project: str) -> None:
        """Take a project down. What cannot be removed now is removed before the next stack, or at the end."""
        if self._composer.down(project).code != 0:
            self._left = True

    def _await_engine(self) -> None:
        """Before a stack: an engine that was restarted is waited for, and what it still has is removed."""
        if self._left or not self._engine.answers():
            sweep_patiently(self._engine, self._token)
            self._left = False


def _listed(cpus: frozenset[int] | None) -> str:
    return ",".join(map(str, sorted(cpus or ())))
