"""Apps as a launch needs them: entry points, search path, companions, and the broker that connects them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from topolab.launch.program import Launch, Place, inherited
from topolab.launch.tables import OPTIONS, LaunchError, Table, choose, fill, folders_with, need, read_table

COMMON = "common"
"""The folder in `apps/` whose modules every app may import."""
PLACEHOLDERS = ("python", "broker")
"""What the words of every companion's command may use."""
LISTENER_PLACEHOLDERS = ("python", "host", "port", "broker")
"""What they may use where the companion listens on `{port}`: no other companion gets an address."""


@dataclass(frozen=True)
class CompanionRequest:
    """A companion of an app, and its options; empty means not given."""

    app: str
    companion: str
    host: str = ""
    port: str = ""
    broker: str = ""


def find_app(root: Path, name: str) -> tuple[str, Table]:
    """Return an app's file, as messages name it, and its table. Raises `LaunchError` if there is none."""
    choose(f"{root}/apps", name, name, folders_with(root, "apps", "app.toml"))
    file = f"apps/{name}/app.toml"
    return file, {**read_table(root, file), "name": name}


def find_entry_point(file: str, app: Table, interface: str) -> str:
    """Return the app's `module:attribute` for the interface. Raises `LaunchError` if it has none."""
    entry_points: dict[str, str] = need(file, app, "entrypoints")
    choose(file, "entrypoints", interface, entry_points)
    return entry_points[interface]


def shared_interface(app: Table, interfaces: Sequence[str]) -> str:
    """Return the first of `interfaces` that the app has, else the first one, so that the refusal can name it."""
    offered = app.get("entrypoints", {})
    return next((interface for interface in interfaces if interface in offered), interfaces[0] if interfaces else "")


def want_broker(file: str, key: str, broker: str) -> None:
    """Raise `LaunchError` if no broker is given."""
    if not broker:
        raise LaunchError(f"{file}: {key}: a broker is needed; expected the option --broker {OPTIONS['broker']}")


def app_environment(place: Place, app: Table, outer: Mapping[str, str], broker: str) -> dict[str, str]:
    """Return a server's or companion's environment. PYTHONPATH has the app, the apps it uses, and `COMMON`.

    The app finds its broker in TOPOLAB_BROKER, as HOST:PORT.
    """
    folders = (app["name"], *app.get("python_path", []), COMMON)
    search_path = os.pathsep.join(f"{place.root}/apps/{folder}" for folder in folders)
    given = {"TOPOLAB_BROKER": broker} if broker else {}
    return {**inherited(outer), "PYTHONPATH": search_path, "PYTHONUNBUFFERED": "1", **given}


def launch_companion(root: Path, request: CompanionRequest, place: Place, outer: Mapping[str, str]) -> Launch:
    """Return how to start a companion, from the tables in `root` and the environment `outer`. Raises `LaunchError`."""
    file, app = find_app(root, request.app)
    companions = {companion.get("name", ""): companion for companion in app.get("companions", [])}
    choose(file, "companions", request.companion, companions)
    where = f"companions.{request.companion}"
    words: list[str] = need(file, companions[request.companion], "command")
    given = {"host": request.host, "port": request.port, "broker": request.broker}
    values = {"python": place.python, **{name: value for name, value in given.items() if value}}
    argv = tuple(fill(file, f"{where}.command", word, values) for word in words)
    # The companion that gets a port to listen on is the broker itself.
    if not any("{port}" in word for word in words):
        want_broker(file, where, request.broker)
    return Launch(argv, app_environment(place, app, outer, request.broker))
