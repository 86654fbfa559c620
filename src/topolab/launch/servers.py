"""Servers: choose the variant and interface, and compute argv and environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from topolab.launch.apps import app_environment, find_app, find_entry_point, shared_interface, want_broker
from topolab.launch.program import Launch, Place
from topolab.launch.tables import LaunchError, Table, choose, fill, folders_with, need, read_table, refuse

PLACEHOLDERS = ("python", "host", "port", "cert", "key", "broker", "app", "workers", "folder")
"""What the words of a server's command line may use."""


@dataclass(frozen=True)
class ServerRequest:
    """A server for an app, and where it listens.

    Without a `variant`, the server's name may be the one that tables show. Empty means not given.
    """

    server: str
    app: str
    listener: str
    host: str
    port: str
    variant: str = ""
    interface: str = ""
    cert: str = ""
    key: str = ""
    broker: str = ""
    workers: str = "1"


def launch_server(root: Path, request: ServerRequest, place: Place, outer: Mapping[str, str]) -> Launch:
    """Return how to start a server, from the tables in `root` and the environment `outer`. Raises `LaunchError`."""
    server_name, variant_name = find_server(root, request.server, request.variant)
    file = _file(server_name)
    server = read_table(root, file)
    variants = {variant.get("name", ""): variant for variant in need(file, server, "variants")}
    choose(file, "variants", variant_name, variants)
    variant = variants[variant_name]
    app_file, app = find_app(root, request.app)
    interfaces: list[str] = need(file, variant, "interfaces")
    interface = request.interface or shared_interface(app, interfaces)
    choose(file, f"variants.{variant_name}.interfaces", interface, interfaces)
    given = {"host": request.host, "port": request.port, "cert": request.cert, "key": request.key}
    values = {
        "python": place.python,
        **{name: value for name, value in {**given, "broker": request.broker}.items() if value},
        "app": find_entry_point(app_file, app, interface),
        "workers": request.workers,
        "folder": f"{place.root}/servers/{server_name}",
    }
    argv = build_argv(file, server, variant, request.listener, values)
    if app.get("companions"):
        want_broker(app_file, "companions", request.broker)
    return Launch(argv, {**app_environment(place, app, outer, request.broker), **variant.get("env", {})})


def build_argv(file: str, server: Table, variant: Table, listener: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return command + variant argv + listener argv + app argument, with every placeholder filled from `values`."""
    where = f"variants.{variant['name']}"
    listeners: Table = need(file, variant, "listeners")
    choose(file, f"{where}.listeners", listener, listeners)
    parts = {
        "command": need(file, server, "command"),
        f"{where}.argv": variant.get("argv", []),
        f"{where}.listeners.{listener}.argv": listeners[listener].get("argv", []),
        f"{where}.app_argument": [variant.get("app_argument", "{app}")],
    }
    return tuple(fill(file, key, word, values) for key, words in parts.items() for word in words)


def find_server(root: Path, server: str, variant: str = "") -> tuple[str, str]:
    """Return the folder and the variant that a name means. Raises `LaunchError` if it matches none, or several.

    A server's name alone means its first variant. A name from tables, such as `spam-egg`, is compared with the full
    names of each server's variants and never split: both parts may contain hyphens.
    """
    folders = folders_with(root, "servers", "server.toml")
    if variant:
        choose(f"{root}/servers", server, server, folders)
        return server, variant
    if server in folders:
        first = need(_file(server), read_table(root, _file(server)), "variants")
        found = {(server, first[0].get("name", "") if first else "")}
    else:
        found = set()
    named = [pair for folder in folders for pair in _variants(root, folder, strict=server.startswith(f"{folder}-"))]
    found |= {pair for pair in named if "-".join(pair) == server}
    if not found:
        refuse(f"{root}/servers", server, "no such server", ["-".join(pair) for pair in named])
    if len(found) > 1:
        meant = " or ".join(f"{folder} --variant {name}" for folder, name in sorted(found))
        raise LaunchError(f"{root}/servers: {server}: may mean more than one server; expected {meant}")
    return found.pop()


def _variants(root: Path, folder: str, *, strict: bool) -> Iterator[tuple[str, str]]:
    """Yield the server's name with each variant's name. Skip an unreadable server unless `strict`."""
    try:
        variants = need(_file(folder), read_table(root, _file(folder)), "variants")
    except LaunchError:
        if strict:
            raise
        return
    for variant in variants:
        yield folder, variant.get("name", "")


def _file(folder: str) -> str:
    return f"servers/{folder}/server.toml"
