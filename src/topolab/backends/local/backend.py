"""Stacks as processes on 127.0.0.1: needs no Docker and no root, and leaves nothing behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType

from topolab.backends.certificate import issue_certificate
from topolab.backends.local.proxies import Proxies
from topolab.backends.local.stack import LocalStack, Surroundings
from topolab.backends.used_files import refuse_changed, used_files
from topolab.catalogue import Catalogue
from topolab.errors import StageError
from topolab.launch.tables import LaunchError
from topolab.model.cell import Cell
from topolab.model.outcome import Stage
from topolab.model.target import EDGE_NAME
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessKeeper

_NOTHING: Mapping[str, str] = MappingProxyType({})


class LocalBackend:
    """Makes stacks as process groups on loopback; `backends.Backend` documents the members.

    `recorded` has the files' digests that the run began with.
    """

    name = "local"

    def __init__(
        self,
        catalogue: Catalogue,
        proxies: Proxies,
        keeper: ProcessKeeper,
        cpus: CpuLayout,
        recorded: Mapping[str, str] = _NOTHING,
    ) -> None:
        self._recorded = recorded
        self._folder = Path(tempfile.mkdtemp(dir=keeper.folder))
        self.keeper = keeper
        certificate = issue_certificate(self._folder, EDGE_NAME)
        self._around = Surroundings(catalogue, keeper, proxies, certificate, cpus)

    def __enter__(self) -> LocalBackend:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder)

    @contextmanager
    def stack(self, cell: Cell) -> Iterator[LocalStack]:
        """The cell's processes, fresh, up and answering; afterwards they and their files are gone."""
        refuse_changed(self._recorded, used_files(self._around.catalogue, [cell]))
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        with ExitStack() as resources:
            resources.callback(shutil.rmtree, folder)
            try:
                stack = LocalStack(cell, self._around, folder, resources)
            except LaunchError as error:
                raise StageError(Stage.START, str(error)) from error
            yield stack
