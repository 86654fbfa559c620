"""Stacks as processes on 127.0.0.1: needs no Docker and no root, and leaves nothing behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType

from topolab.backends.local.certificate import issue_certificate
from topolab.backends.local.nginx import Nginx, find_nginx, lacking
from topolab.backends.local.stack import LocalStack, Surroundings
from topolab.catalogue import Candidate, Catalogue
from topolab.model.cell import Cell
from topolab.model.load import EDGE_NAME
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessKeeper

__all__ = ["LocalBackend", "find_nginx", "unavailable_here"]


class LocalBackend:
    """Makes stacks as process groups on loopback; `backends.Backend` says what its members mean."""

    name = "local"

    def __init__(self, catalogue: Catalogue, nginx: Nginx, keeper: ProcessKeeper, cpus: CpuLayout) -> None:
        self._folder = Path(tempfile.mkdtemp(dir=keeper.folder))
        self.keeper = keeper
        certificate = issue_certificate(self._folder, EDGE_NAME)
        self._around = Surroundings(catalogue, keeper, nginx, certificate, cpus)

    def __enter__(self) -> LocalBackend:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder)

    @contextmanager
    def stack(self, cell: Cell) -> Iterator[LocalStack]:
        """The cell's processes, fresh, up and answering; gone afterwards, their files too."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        with ExitStack() as resources:
            resources.callback(shutil.rmtree, folder)
            yield LocalStack(cell, self._around, folder, resources)


def unavailable_here(catalogue: Catalogue, nginx: Nginx) -> Mapping[str, str]:
    """Candidates whose packages are not installed and topologies nginx cannot do, by name, with the reason."""
    reasons = {c.name: reason for c in catalogue.candidates.values() if (reason := _missing(c))}
    return {**reasons, **lacking(nginx, catalogue.topologies.values())}


def installed_version(package: str) -> str | None:
    """The installed version of a distribution; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _missing(candidate: Candidate) -> str:
    missing = [package for package in candidate.variant.packages if installed_version(package) is None]
    if not missing:
        return ""
    reason = f"{candidate.name} needs {', '.join(missing)}, not installed here"
    return f"{reason}: {candidate.variant.missing_reason}" if candidate.variant.missing_reason else reason
