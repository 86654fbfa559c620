"""The catalogue: everything that the TOML folders declare, checked and available by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topolab.catalogue.checks import (
    check_app,
    check_app_names,
    check_profile,
    check_proxy,
    check_server,
    check_server_names,
    check_topology,
)
from topolab.catalogue.descriptors import check_descriptor, descriptor_files
from topolab.catalogue.reading import declared_files, read_toml, refuse, refuse_repeats
from topolab.drivers.registry import Drivers, drivers, read_descriptor
from topolab.errors import InputError
from topolab.launch.root import PROXY_FILE, lacking
from topolab.launch.topologies import PATTERN
from topolab.model.combination import Combination
from topolab.model.matrix import Matrix
from topolab.model.profile import AnyLoad, LoadProfile
from topolab.model.proxy import Proxy
from topolab.model.server import App, Server, Variant
from topolab.model.topology import Topology


@dataclass(frozen=True, slots=True)
class Candidate:
    """A server in one of its variants, and the folder that declares it."""

    server: Server
    variant: Variant
    folder: Path

    @property
    def name(self) -> str:
        """`server-variant`."""
        return self.server.full_name(self.variant)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that a matrix can select, by name, in the order in which it is listed."""

    root: Path
    candidates: Mapping[str, Candidate]
    apps: Mapping[str, App]
    proxies: Mapping[str, Proxy]
    topologies: Mapping[str, Topology]
    profiles: Mapping[str, LoadProfile]
    matrices: Mapping[str, Matrix]
    drivers: Drivers
    start_timeout_override_s: float | None = None

    def start_timeout_s(self, combination: Combination) -> float:
        """How long a server may take until its first good answer: its own limit or the app's, whichever is longer."""
        if self.start_timeout_override_s is not None:
            return self.start_timeout_override_s
        variant, app = self.candidates[combination.server].variant, self.apps[combination.app]
        return max(variant.start_timeout_s, app.start_timeout_s)


def load_catalogue(root: Path) -> Catalogue:
    """Read every TOML file under `root`. Raises `InputError` for the first that cannot be used."""
    if absent := lacking(root):
        raise InputError(f"{root}: no {absent}; run from a checkout, or install topolab again")
    candidates: dict[str, Candidate] = {}
    for path in declared_files(root, "servers/*/server.toml"):
        shown_as = _shown(root, path)
        server: Server = read_toml(path, Server, shown_as)
        _same_name(shown_as, server.name, path.parent.name, "folder")
        refuse_repeats(shown_as, "variants", [variant.name for variant in server.variants])
        check_server(shown_as, server)
        for variant in server.variants:
            candidate = Candidate(server, variant, path.parent)
            if candidate.name in candidates:
                refuse(shown_as, "variants", f"{candidate.name!r} is also the name of another server's variant")
            candidates[candidate.name] = candidate
    check_server_names([candidate.server for candidate in candidates.values()])
    apps = _named(root, "apps/*/app.toml", App, lambda path: path.parent.name)
    check_app_names(apps)
    for app in apps.values():
        check_app(app, apps)
    proxies = _named(root, f"*/{PROXY_FILE}", Proxy, lambda path: path.parent.name)
    for proxy in proxies.values():
        check_proxy(root, proxy)
    topologies = _topologies(root, proxies)
    known = _drivers(root)
    profiles = _named(root, "loadtest/profiles/*.toml", AnyLoad, lambda path: path.stem)
    for profile in profiles.values():
        check_profile(profile, known)
    matrices = _named(root, "loadtest/matrices/*.toml", Matrix, lambda path: path.stem)
    return Catalogue(root, candidates, apps, proxies, topologies, profiles, matrices, known)


def load_matrix(catalogue: Catalogue, name_or_file: str) -> Matrix:
    """A matrix by name, or from a TOML file. Raises `InputError` if there is neither."""
    if name_or_file in catalogue.matrices:
        return catalogue.matrices[name_or_file]
    path = Path(name_or_file)
    if path.suffix == ".toml" or "/" in name_or_file:
        matrix: Matrix = read_toml(path, Matrix, name_or_file)
        return matrix
    known = ", ".join(catalogue.matrices)
    raise InputError(f"--matrix {name_or_file}: no such matrix; expected one of {known}, or a .toml file")


def _topologies(root: Path, proxies: Mapping[str, Proxy]) -> dict[str, Topology]:
    """The topologies of all folders: each proxy's, and those without a proxy, in the servers' folder."""
    found: dict[str, Topology] = {}
    for path in sorted(declared_files(root, PATTERN), key=lambda path: path.name):
        shown_as = _shown(root, path)
        topology: Topology = read_toml(path, Topology, shown_as)
        _same_name(shown_as, topology.name, path.stem, "file")
        if topology.name in found:
            refuse(shown_as, "name", f"{topology.name!r} is also the name of a topology in another folder")
        check_topology(root, shown_as, topology, proxies)
        found[topology.name] = topology
    return found


def _drivers(root: Path) -> Drivers:
    """Topolab's own drivers, and those in the catalogue's `drivers/` folder."""
    found = dict(drivers())
    for path in descriptor_files(root):
        shown_as = _shown(root, path)
        driver = read_descriptor(path, shown_as)
        check_descriptor(shown_as, driver)
        _same_name(shown_as, driver.name, path.parent.name, "folder")
        if driver.name in found:
            refuse(shown_as, "name", f"{driver.name!r} is the name of one of topolab's own drivers; choose another")
        found[driver.name] = driver
    return found


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _same_name(shown_as: str, declared: str, expected: str, of: str) -> None:
    if declared != expected:
        refuse(shown_as, "name", f"must be {expected!r}, the name of its {of}, not {declared!r}")


def _named(root: Path, pattern: str, kind: Any, name_of: Callable[[Path], str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in declared_files(root, pattern):
        declared = read_toml(path, kind, _shown(root, path))
        _same_name(_shown(root, path), declared.name, name_of(path), "folder" if kind in (App, Proxy) else "file")
        found[declared.name] = declared
    return found
