"""The catalogue: everything the TOML folders declare, checked, and looked up by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topolab.catalogue.reading import read_toml, refuse, refuse_repeats
from topolab.catalogue.root import NEEDED, default_root
from topolab.errors import InputError
from topolab.model.driver import Driver
from topolab.model.load import AnyLoad, CountLoad, Journey, LoadProfile, MixedLoad, PageLoad, RequestLoad, UsersLoad
from topolab.model.page import unfit_for_the_page
from topolab.model.protocol import ClientProtocol, Protocol, Transport
from topolab.model.server import PART_NAMES, App, Server, Variant
from topolab.model.topology import Matrix, Topology

__all__ = ["Candidate", "Catalogue", "default_root", "load_catalogue", "load_matrix"]


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
    """All that can be put into a matrix, by name, in the order it is listed."""

    root: Path
    candidates: Mapping[str, Candidate]
    apps: Mapping[str, App]
    topologies: Mapping[str, Topology]
    profiles: Mapping[str, LoadProfile]
    matrices: Mapping[str, Matrix]


def load_catalogue(root: Path) -> Catalogue:
    """Read every TOML file under `root`. Raises `InputError` at the first that cannot be used."""
    for folder in NEEDED:
        if not (root / folder).is_dir():
            raise InputError(f"{root}: no {folder}/ folder; run from a checkout, or install topolab again")
    candidates: dict[str, Candidate] = {}
    for path in sorted((root / "servers").glob("*/server.toml")):
        shown_as = _shown(root, path)
        server: Server = read_toml(path, Server, shown_as)
        _same_name(shown_as, server.name, path.parent.name, "folder")
        refuse_repeats(shown_as, "variants", [variant.name for variant in server.variants])
        _check_listeners(shown_as, server)
        for variant in server.variants:
            candidate = Candidate(server, variant, path.parent)
            if candidate.name in candidates:
                refuse(shown_as, "variants", f"{candidate.name!r} is a name another server's variant has")
            candidates[candidate.name] = candidate
    apps = _named(root, "apps/*/app.toml", App, lambda path: path.parent.name)
    for app in apps.values():
        _check_app(app, apps)
    topologies = _named(root, "nginx/topologies/*.toml", Topology, lambda path: path.stem)
    for topology in topologies.values():
        _check_topology(root, topology)
    profiles = _named(root, "loadtest/profiles/*.toml", AnyLoad, lambda path: path.stem)
    for profile in profiles.values():
        if isinstance(profile, UsersLoad):
            _check_journeys(profile)
        else:
            _check_lanes(profile)
    matrices = _named(root, "loadtest/matrices/*.toml", Matrix, lambda path: path.stem)
    return Catalogue(root, candidates, apps, topologies, profiles, matrices)


def load_matrix(catalogue: Catalogue, name_or_file: str) -> Matrix:
    """A matrix by name, or from a TOML file. Raises `InputError` where there is neither."""
    if name_or_file in catalogue.matrices:
        return catalogue.matrices[name_or_file]
    path = Path(name_or_file)
    if path.suffix == ".toml" or "/" in name_or_file:
        matrix: Matrix = read_toml(path, Matrix, name_or_file)
        return matrix
    known = ", ".join(catalogue.matrices)
    raise InputError(f"--matrix {name_or_file}: no such matrix; there are {known}, or give a .toml file")


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _same_name(shown_as: str, declared: str, expected: str, of: str) -> None:
    if declared != expected:
        refuse(shown_as, "name", f"has to be {expected!r}, the name of its {of}, not {declared!r}")


def _named(root: Path, pattern: str, kind: Any, name_of: Callable[[Path], str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(root.glob(pattern)):
        declared = read_toml(path, kind, _shown(root, path))
        _same_name(_shown(root, path), declared.name, name_of(path), "folder" if kind is App else "file")
        found[declared.name] = declared
    return found


def _check_listeners(shown_as: str, server: Server) -> None:
    """HTTP/3 goes over QUIC, and nothing else does."""
    for index, variant in enumerate(server.variants):
        for transport, listener in variant.listeners.items():
            for protocol in listener.protocols:
                if (protocol is Protocol.H3) is not (transport is Transport.QUIC):
                    key = f"variants[{index}].listeners.{transport}.protocols"
                    refuse(shown_as, key, f"{protocol.label} does not go over {transport}")


def _check_app(app: App, apps: Mapping[str, App]) -> None:
    """Other apps' modules are those of apps there are, and companions can be told apart, found and reached."""
    shown_as = f"apps/{app.name}/app.toml"
    refuse_repeats(shown_as, "python_path", list(app.python_path))
    for index, other in enumerate(app.python_path):
        if other == app.name or other not in apps:
            known = ", ".join(name for name in apps if name != app.name)
            refuse(shown_as, f"python_path[{index}]", f"has to be another app, one of {known}, not {other!r}")
    refuse_repeats(shown_as, "companions", [companion.name for companion in app.companions])
    for index, companion in enumerate(app.companions):
        where = f"companions[{index}]"
        if companion.name in PART_NAMES:
            refuse(shown_as, f"{where}.name", f"{companion.name!r} is what every stack calls another of its parts")
        if bool(companion.program) is not bool(companion.package):
            is_missing = f"missing; the package that brings {companion.program} has to be named"
            needless = f"the command starts no program of its own; {companion.package!r} would bring none"
            refuse(shown_as, f"{where}.package", is_missing if companion.program else needless)
    if app.companions and [companion.listens for companion in app.companions].count(True) != 1:
        refuse(
            shown_as, "companions", "exactly one has to listen on {port}: it is the broker that the others are told of"
        )


def _check_topology(root: Path, topology: Topology) -> None:
    """Every client protocol is carried or refused, and the template is a file of nginx/."""
    shown_as = f"nginx/topologies/{topology.name}.toml"
    routed = [route.client.value for route in topology.routes]
    refuse_repeats(shown_as, "routes", routed)
    for client in ClientProtocol:
        carried, refused = client.value in routed, client in topology.refusals
        if carried and refused:
            refuse(shown_as, f"refusals.{client}", "is also in routes; it has to be in one of the two")
        if not carried and not refused:
            refuse(shown_as, "routes", f"says nothing of {client}; add a route, or a refusal with the reason")
    if topology.template:
        folder = (root / "nginx").resolve()
        try:
            template = (folder / topology.template).resolve()
            exists = template.is_file()
        except (OSError, ValueError):  # too long, or with a null byte in it
            refuse(shown_as, "template", "cannot be the name of a file")
        if folder not in template.parents:
            refuse(shown_as, "template", f"has to stay inside nginx/, not {topology.template!r}")
        if not exists:
            refuse(shown_as, "template", f"no such file in nginx/: {topology.template!r}")


def _check_journeys(profile: UsersLoad) -> None:
    """Each once, and not chat alone; no more workers than users."""
    shown_as = f"loadtest/profiles/{profile.name}.toml"
    refuse_repeats(shown_as, "journeys", [journey.value for journey in profile.journeys])
    if profile.journeys == (Journey.CHAT,):
        refuse(shown_as, "journeys", "has to have another beside chat: the rate is that of HTTP responses")
    if profile.workers > profile.users:
        refuse(
            shown_as, "workers", f"has to be at most {profile.users}, so that each has a user, not {profile.workers}"
        )


def _check_lanes(profile: RequestLoad) -> None:
    """Equal in-flight on every protocol, unless the profile follows a browser's connection rule."""
    shown_as = f"loadtest/profiles/{profile.name}.toml"
    if profile.http1.streams != 1 and not isinstance(profile, CountLoad):
        refuse(shown_as, "http1.streams", "has to be 1: HTTP/1.1 has one request at a time on a connection")
    for key, text in (("path", profile.path), ("body", profile.body)):
        if profile.driver is Driver.H2LOAD and "{i}" in text:
            refuse(shown_as, key, "has to be the same for every request: h2load has no {i}")
    if isinstance(profile, PageLoad) and profile.driver is Driver.BROWSER and (unfit := unfit_for_the_page(profile)):
        refuse(shown_as, *unfit)
    if isinstance(profile, MixedLoad) and profile.slow.in_flight >= profile.http1.in_flight:
        refuse(
            shown_as,
            "slow.in_flight",
            f"has to be below {profile.http1.in_flight}, the connections x streams, or none is left for fast requests",
        )
    if not isinstance(profile, PageLoad | CountLoad) and profile.http1.in_flight != profile.multiplexed.in_flight:
        refuse(
            shown_as,
            "multiplexed",
            f"connections x streams has to be {profile.http1.in_flight}, as on HTTP/1.1, "
            f"not {profile.multiplexed.in_flight}",
        )
