"""Checks declared objects beyond their types: names must exist, and values must fit together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from topolab.catalogue.paths import check_file, check_inside, check_program
from topolab.catalogue.placeholders import (
    check_companion_placeholders,
    check_proxy_placeholders,
    check_server_placeholders,
    check_template_placeholders,
)
from topolab.catalogue.reading import refuse, refuse_repeats
from topolab.drivers.registry import Drivers, longest_s, unfit
from topolab.launch.root import PROXY_FILE
from topolab.launch.topologies import WITHOUT_PROXY
from topolab.model.profile import LoadProfile
from topolab.model.protocol import ClientProtocol, Protocol, Transport
from topolab.model.proxy import Proxy
from topolab.model.server import PART_NAMES, App, Interface, Server
from topolab.model.topology import Topology


def check_server(shown_as: str, server: Server) -> None:
    """Require known placeholders, a program that can be found, and HTTP/3 on QUIC listeners and nowhere else."""
    check_server_placeholders(shown_as, server)
    check_program(shown_as, "command[0]", server.command[0])
    for index, variant in enumerate(server.variants):
        for transport, listener in variant.listeners.items():
            for protocol in listener.protocols:
                if (protocol is Protocol.H3) is not (transport is Transport.QUIC):
                    key = f"variants[{index}].listeners.{transport}.protocols"
                    refuse(shown_as, key, f"{protocol.label} does not run over {transport}")


def check_server_names(servers: Iterable[Server]) -> None:
    """Refuse a `server-variant` that is also a server's name: `--only server=NAME` would mean both."""
    by_name = {server.name: server for server in servers}
    for server in by_name.values():
        for index, variant in enumerate(server.variants):
            if (name := server.full_name(variant)) in by_name:
                key = f"variants[{index}].name"
                taken = f"{server.name!r} and {variant.name!r} make {name!r}, which is the name of another server"
                refuse(f"servers/{server.name}/server.toml", key, f"{taken}, servers/{name}/; rename one of them")


def check_app_names(apps: Iterable[str]) -> None:
    """Refuse an `app-interface` that is also an app's name: `--only app=NAME` would mean both."""
    names = set(apps)
    for name in sorted(names):
        for interface in Interface:
            if (joined := f"{name}-{interface.value}") in names:
                expectation = (
                    f"{joined!r} also means the {interface.value} side of the app {name!r}; rename one of them"
                )
                refuse(f"apps/{joined}/app.toml", "name", expectation)


def check_app(app: App, apps: Mapping[str, App]) -> None:
    """Require that `python_path` names other apps, and that companions can be distinguished, found and reached."""
    shown_as = f"apps/{app.name}/app.toml"
    refuse_repeats(shown_as, "python_path", list(app.python_path))
    for index, other in enumerate(app.python_path):
        if other == app.name or other not in apps:
            known = ", ".join(name for name in apps if name != app.name)
            refuse(shown_as, f"python_path[{index}]", f"must be another app, one of {known}, not {other!r}")
    refuse_repeats(shown_as, "companions", [companion.name for companion in app.companions])
    for index, companion in enumerate(app.companions):
        where = f"companions[{index}]"
        if companion.name in PART_NAMES:
            refuse(shown_as, f"{where}.name", f"{companion.name!r} is the name of another part of every stack")
        if bool(companion.program) is not bool(companion.package):
            is_missing = f"missing; name the package that provides {companion.program}"
            needless = f"the command starts no program that {companion.package!r} could provide; remove the key"
            refuse(shown_as, f"{where}.package", is_missing if companion.program else needless)
        check_program(shown_as, f"{where}.command[0]", companion.program)
    if app.companions and [companion.listens for companion in app.companions].count(True) != 1:
        refuse(
            shown_as, "companions", "exactly one must listen on {port}: the broker, whose address the others are given"
        )
    check_companion_placeholders(shown_as, app)


def check_proxy(root: Path, proxy: Proxy) -> None:
    """Require that its files are in its folder, its patterns compile, and what its command uses is declared."""
    shown_as = f"{proxy.name}/{PROXY_FILE}"
    for index, name in enumerate(proxy.includes):
        check_file(root, shown_as, f"includes[{index}]", proxy.name, name)
    if proxy.version is not None:
        for key, pattern in (("pattern", proxy.version.pattern), ("modules", proxy.version.modules)):
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                refuse(shown_as, f"version.{key}", f"expected a regular expression: {error}")
            if pattern and groups != 1:
                refuse(shown_as, f"version.{key}", f"expected one group, got {groups}")
    check_proxy_placeholders(shown_as, proxy)
    words = (*proxy.command, *proxy.argv_as_root, *proxy.placeholders.values())
    if any("{binary}" in word for word in words) and proxy.binary is None:
        refuse(shown_as, "binary", "missing; the proxy uses {binary}")
    if proxy.binary is not None:
        check_program(shown_as, "binary.program", proxy.binary.program)
        if proxy.binary.package_file:
            check_inside(shown_as, "binary.package_file", "the package", proxy.binary.package_file)
    for key, name in (("configuration", proxy.configuration), ("log", proxy.log)):
        if name:
            check_inside(shown_as, key, "the proxy's prefix", name)


def check_topology(root: Path, shown_as: str, topology: Topology, proxies: Mapping[str, Proxy]) -> None:
    """Require that every client protocol is either carried or refused, and that proxy and template exist."""
    routed = [route.client.value for route in topology.routes]
    refuse_repeats(shown_as, "routes", routed)
    for client in ClientProtocol:
        carried, refused = client.value in routed, client in topology.refusals
        if carried and refused:
            refuse(shown_as, f"refusals.{client}", "is also in routes; it must be in only one of the two")
        if not carried and not refused:
            refuse(shown_as, "routes", f"{client} is missing; add a route, or a refusal with the reason")
    if topology.proxy and topology.proxy not in proxies:
        refuse(shown_as, "proxy", f"must be one of {', '.join(proxies) or '(none)'}, not {topology.proxy!r}")
    if topology.template and not topology.proxy:
        refuse(shown_as, "proxy", "missing; a template needs a proxy")
    if topology.values and not topology.template:
        refuse(shown_as, "values", "only a template could use them; add `template` or remove the table")
    folder, belongs = shown_as.partition("/")[0], topology.proxy or WITHOUT_PROXY
    if folder != belongs:
        found = repr(topology.proxy) if topology.proxy else "missing"
        refuse(shown_as, "proxy", f"{found}, but the file is in {folder}/; such a topology is in {belongs}/topologies/")
    if topology.proxy:
        _check_template(root, shown_as, topology, proxies[topology.proxy])


def _check_template(root: Path, shown_as: str, topology: Topology, proxy: Proxy) -> None:
    """Require a template if the proxy has a configuration to be written from one, and only then."""
    file = f"{proxy.name}/{PROXY_FILE}"
    if not topology.template:
        if proxy.configuration:
            is_missing = f"missing; {file} has a `configuration`, which is written from the topology's template"
            refuse(shown_as, "template", is_missing)
        return
    check_file(root, shown_as, "template", proxy.name, topology.template)
    if not proxy.configuration:
        refuse(shown_as, "template", f"{file} has no `configuration` to write it to")
    check_template_placeholders(root, shown_as, topology, proxy)


def check_profile(profile: LoadProfile, known: Drivers) -> None:
    """Require values that fit together, and a driver that makes loads of this kind, this one included."""
    shown_as = f"loadtest/profiles/{profile.name}.toml"
    if profile.driver not in known or profile.kind not in known[profile.driver].kinds:
        makers = ", ".join(name for name, driver in known.items() if profile.kind in driver.kinds)
        refuse(shown_as, "driver", f"must be one that makes {profile.kind} loads ({makers}), not {profile.driver!r}")
    driver = known[profile.driver]
    if wrong := unfit(driver, profile) or profile.unfit():
        refuse(shown_as, *wrong)
    longest_s(driver, profile)  # if that fails, it fails here and not in the middle of a run
