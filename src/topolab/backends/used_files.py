"""The files that some cells run from. A run records their digests, so that no cell mixes two configurations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from topolab.backends.digests import digest_of, files_at
from topolab.backends.packages import drivers_used
from topolab.catalogue import Catalogue
from topolab.drivers.descriptor import Descriptor
from topolab.errors import StageError
from topolab.launch.apps import COMMON
from topolab.launch.topologies import topology_files
from topolab.model.cell import Cell
from topolab.model.outcome import Stage

PACKAGE = "src/topolab"
RUNNING = ("drivers", "fetch", "launch", "libcurl", "model", "process")
"""The packages of topolab that start stacks or make the load."""
_INSTALLING = ("Dockerfile", "requirements*")
"""A proxy's files that only install it: a run records the version that they lead to."""


def used_files(catalogue: Catalogue, cells: Collection[Cell]) -> dict[str, str]:
    """The digests of the files that these cells run from on this machine, by their names in a checkout."""
    parts = _declared(catalogue, cells) | _proxy_files(catalogue, cells) - unused_parts(catalogue, cells)
    return _digests(catalogue.root, parts) | driving_files(catalogue, cells)


def driving_files(catalogue: Catalogue, cells: Collection[Cell]) -> dict[str, str]:
    """The digests of the files that make the load of these cells on this machine, and of topolab's own."""
    package = Path(__file__).resolve().parents[1]
    own = {f"{PACKAGE}/{name}": digest_of(files_at(package / name, name)) for name in RUNNING}
    return own | _digests(catalogue.root, _of_drivers(catalogue, _drivers(catalogue, cells)))


def unused_parts(catalogue: Catalogue, cells: Collection[Cell]) -> set[str]:
    """What the catalogue declares, but none of these cells uses: other apps, servers, templates, drivers' files."""
    everything = _parts(
        catalogue,
        catalogue.apps,
        (candidate.server.name for candidate in catalogue.candidates.values()),
        catalogue.topologies,
    ) | _of_drivers(catalogue, catalogue.drivers.values())
    return everything - _declared(catalogue, cells) - _of_drivers(catalogue, _drivers(catalogue, cells))


def refuse_changed(recorded: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raise `StageError` if a file is no longer as `recorded`: the run would mix two configurations."""
    changed = [part for part, digest in now.items() if recorded.get(part, digest) != digest]
    if changed:
        raise StageError(Stage.START, f"{', '.join(changed)} changed after the run began; start a new run")


def _declared(catalogue: Catalogue, cells: Iterable[Cell]) -> set[str]:
    used = [cell.combination for cell in cells]
    servers = (catalogue.candidates[combination.server].server.name for combination in used)
    return _parts(catalogue, {c.app for c in used}, servers, {c.topology for c in used})


def _parts(catalogue: Catalogue, apps: Iterable[str], servers: Iterable[str], topologies: Iterable[str]) -> set[str]:
    files = topology_files(catalogue.root)
    chosen = [catalogue.topologies[name] for name in topologies]
    return {
        *(f"apps/{folder}" for app in apps for folder in (app, *catalogue.apps[app].python_path, COMMON)),
        *(f"servers/{name}" for name in servers),
        *(files[topology.name] for topology in chosen),
        *(f"{topology.proxy}/{topology.template}" for topology in chosen if topology.template),
    }


def _proxy_files(catalogue: Catalogue, cells: Iterable[Cell]) -> set[str]:
    """Everything in the folders of these cells' proxies: a command may name any of the files there."""
    proxies = {catalogue.topologies[cell.combination.topology].proxy for cell in cells} - {""}
    return {
        f"{proxy}/{entry.name}"
        for proxy in proxies
        for entry in (catalogue.root / proxy).iterdir()
        if entry.name != "topologies" and not any(fnmatchcase(entry.name, pattern) for pattern in _INSTALLING)
    }


def _drivers(catalogue: Catalogue, cells: Iterable[Cell]) -> list[Descriptor]:
    return [catalogue.drivers[name] for name in drivers_used(catalogue, cells)]


def _of_drivers(catalogue: Catalogue, drivers: Iterable[Descriptor]) -> set[str]:
    root = catalogue.root
    return {
        part
        for driver in drivers
        for part in (
            *(path.relative_to(root).as_posix() for pattern in driver.files for path in root.glob(pattern)),
            *([f"drivers/{driver.name}"] if driver.folder else []),
        )
    }


def _digests(root: Path, parts: Iterable[str]) -> dict[str, str]:
    found = {part: files_at(root / part, part) for part in sorted(parts)}
    return {part: digest_of(files) for part, files in found.items() if files}
