"""What a declared object must fulfil beyond its types: names that exist, and values that fit together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from topolab.catalogue.reading import refuse, refuse_repeats
from topolab.drivers.registry import Drivers
from topolab.launch.proxies import PROXY_FILE
from topolab.model.profile import LoadProfile
from topolab.model.protocol import ClientProtocol, Protocol, Transport
from topolab.model.proxy import Proxy
from topolab.model.server import PART_NAMES, App, Interface, Server
from topolab.model.topology import Topology


def check_listeners(shown_as: str, server: Server) -> None:
    """HTTP/3 goes over QUIC, and nothing else does."""
    for index, variant in enumerate(server.variants):
        for transport, listener in variant.listeners.items():
            for protocol in listener.protocols:
                if (protocol is Protocol.H3) is not (transport is Transport.QUIC):
                    key = f"variants[{index}].listeners.{transport}.protocols"
                    refuse(shown_as, key, f"{protocol.label} does not go over {transport}")


def check_server_names(servers: Iterable[Server]) -> None:
    """No `server-variant` is also the name of a server, or `--only server=NAME` would mean both."""
    by_name = {server.name: server for server in servers}
    for server in by_name.values():
        for index, variant in enumerate(server.variants):
            if (name := server.full_name(variant)) in by_name:
                key = f"variants[{index}].name"
                taken = f"{server.name!r} and {variant.name!r} make {name!r}, which is the name of another server"
                refuse(f"servers/{server.name}/server.toml", key, f"{taken}, servers/{name}/; rename one of them")


def check_app_names(apps: Iterable[str]) -> None:
    """No `app-interface` is also the name of an app, or `--only app=NAME` would mean both."""
    names = set(apps)
    for name in sorted(names):
        for interface in Interface:
            if (joined := f"{name}-{interface.value}") in names:
                expectation = (
                    f"{joined!r} also means the {interface.value} side of the app {name!r}; rename one of them"
                )
                refuse(f"apps/{joined}/app.toml", "name", expectation)


def check_app(app: App, apps: Mapping[str, App]) -> None:
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


def check_proxy(root: Path, proxy: Proxy) -> None:
    """Every file it names is in its folder, its patterns are patterns, and what is used is declared."""
    shown_as = f"{proxy.name}/{PROXY_FILE}"
    for index, name in enumerate(proxy.includes):
        _check_file(root, shown_as, f"includes[{index}]", proxy.name, name)
    if proxy.version is not None:
        for key, pattern in (("pattern", proxy.version.pattern), ("modules", proxy.version.modules)):
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                refuse(shown_as, f"version.{key}", f"expected a regular expression: {error}")
            if pattern and groups != 1:
                refuse(shown_as, f"version.{key}", f"expected one group, got {groups}")
    if any("{binary}" in word for word in proxy.command) and proxy.binary is None:
        refuse(shown_as, "binary", "missing; the command uses {binary}")


def check_topology(root: Path, shown_as: str, topology: Topology, proxies: Mapping[str, Proxy]) -> None:
    """Every client protocol is carried or refused, and the proxy and its template are there."""
    routed = [route.client.value for route in topology.routes]
    refuse_repeats(shown_as, "routes", routed)
    for client in ClientProtocol:
        carried, refused = client.value in routed, client in topology.refusals
        if carried and refused:
            refuse(shown_as, f"refusals.{client}", "is also in routes; it has to be in one of the two")
        if not carried and not refused:
            refuse(shown_as, "routes", f"says nothing of {client}; add a route, or a refusal with the reason")
    if topology.proxy and topology.proxy not in proxies:
        refuse(shown_as, "proxy", f"must be one of {', '.join(proxies) or 'none at all'}, not {topology.proxy!r}")
    if topology.template and not topology.proxy:
        refuse(shown_as, "proxy", "missing; a template is a proxy's")
    if topology.template:
        _check_file(root, shown_as, "template", topology.proxy, topology.template)
        if not proxies[topology.proxy].configuration:
            refuse(shown_as, "template", f"{topology.proxy}/{PROXY_FILE} has no `configuration` to put it in")


def _check_file(root: Path, shown_as: str, key: str, folder_name: str, name: str) -> None:
    """A file below a proxy's folder."""
    folder = (root / folder_name).resolve()
    try:
        file = (folder / name).resolve()
        exists = file.is_file()
    except (OSError, ValueError):  # too long, or with a null byte in it
        refuse(shown_as, key, "cannot be the name of a file")
    if folder not in file.parents:
        refuse(shown_as, key, f"has to stay inside {folder_name}/, not {name!r}")
    if not exists:
        refuse(shown_as, key, f"no such file in {folder_name}/: {name!r}")


def check_profile(profile: LoadProfile, known: Drivers) -> None:
    """Values that fit together, and a driver that makes loads of this kind, and this one."""
    shown_as = f"loadtest/profiles/{profile.name}.toml"
    if profile.driver not in known or profile.kind not in known[profile.driver].kinds:
        makers = ", ".join(name for name, driver in known.items() if profile.kind in driver.kinds)
        refuse(shown_as, "driver", f"must make loads of the kind {profile.kind}, as {makers}, not {profile.driver!r}")
    if unfit := known[profile.driver].check(profile) or profile.unfit():
        refuse(shown_as, *unfit)
