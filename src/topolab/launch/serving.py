"""The command line of `servers/serve.py`: choose a server or companion and become it.

Listener and broker may also come from the environment, where Compose files set them. A TOPOLOGY there selects the
listener that the topology's first route needs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from topolab.launch.apps import CompanionRequest, launch_companion
from topolab.launch.numbers import port_number, positive
from topolab.launch.program import Launch, Place, become, place_here
from topolab.launch.servers import ServerRequest, launch_server
from topolab.launch.tables import LaunchError
from topolab.launch.topologies import listener_of

USAGE_EXIT_CODE = 2


def main(arguments: Sequence[str], own_root: Path) -> int:
    """Become the requested server or companion; with --print, only print its argv as one JSON line.

    `own_root` holds `servers/` and `apps/` unless --root names another folder.
    """
    try:
        options = _parse(arguments, os.environ, own_root)
        root = Path(options.root).resolve()
        if not options.print:
            _leave_folder(options)
        launch = _launch(options, root, place_here(root), os.environ)
        if not options.print:
            become(launch)
        print(json.dumps({"argv": launch.argv}))
    except LaunchError as error:
        print(f"serve.py: {error}", file=sys.stderr)
        return USAGE_EXIT_CODE
    return 0


def foresee(root: Path, command: Sequence[str], environment: Mapping[str, str]) -> Launch:
    """Return what a container's `command`, an interpreter that runs `serve.py`, becomes in its `environment`.

    `root` has the same tables here as the container has in its own folder. Raises `LaunchError`.
    """
    script = next(index for index, word in enumerate(command) if word.endswith("/serve.py"))
    there = Path(command[script]).parents[1]
    options = _parse(command[script + 1 :], environment, there)
    return _launch(options, root, Place(command[0], str(there)), environment)


def _leave_folder(options: argparse.Namespace) -> None:
    """Change to a folder without modules: servers and companions import from the folder they start in."""
    for name in ("cert", "key"):
        if path := getattr(options, name):
            setattr(options, name, str(Path(path).absolute()))
    os.chdir("/")


def _launch(options: argparse.Namespace, root: Path, place: Place, outer: Mapping[str, str]) -> Launch:
    if options.companion:
        return launch_companion(root, CompanionRequest(**_said(options, CompanionRequest)), place, outer)
    return launch_server(root, ServerRequest(**_said(options, ServerRequest)), place, outer)


def _said(options: argparse.Namespace, request: type[CompanionRequest | ServerRequest]) -> dict[str, str]:
    """Return the given options that the request has a field for."""
    return {field.name: str(value) for field in fields(request) if (value := getattr(options, field.name)) is not None}


def _parse(arguments: Sequence[str], environment: Mapping[str, str], own_root: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="serve.py",
        # argparse cannot show that an option is required in one of two forms.
        usage="%(prog)s SERVER --app APP --listener LISTENER --host HOST --port PORT [options]\n"
        "       %(prog)s --companion NAME --app APP [options]",
        description="Start a server as its server.toml describes, or a companion as the app.toml of its app does.",
    )
    add = parser.add_argument_group("one of these is required").add_argument
    add("server", metavar="SERVER", nargs="?", help="a folder in servers/, or SERVER-VARIANT")
    add("--companion", metavar="NAME", help="a companion of the app, instead of a server")
    parser.add_argument_group("required").add_argument("--app", required=True, help="a folder in apps/")
    add = parser.add_argument_group("required for a server, and for a companion that listens").add_argument
    add(
        "--listener",
        default=environment.get("LISTENER"),
        help="cleartext, tls or quic (default: $LISTENER, or what the first route of $TOPOLOGY needs); for servers",
    )
    add("--host", help="the address to listen on")
    add("--port", type=port_number, help="the port to listen on")
    parser.add_argument("--variant", help="default: the one that SERVER names, or the server's first")
    parser.add_argument("--interface", help="asgi or wsgi (default: the variant's first that the app has)")
    parser.add_argument(
        "--broker",
        metavar="HOST:PORT",
        default=environment.get("BROKER"),
        help="where the app's broker listens (default: $BROKER)",
    )
    parser.add_argument("--cert", help="certificate chain, PEM; for the listeners tls and quic")
    parser.add_argument("--key", help="its key, PEM in PKCS#8")
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="worker processes (default: 1)")
    parser.add_argument("--root", default=str(own_root), help="the folder that holds servers/ and apps/")
    parser.add_argument("--print", action="store_true", help="print the argv and stop")
    options = parser.parse_args(arguments)
    if not options.listener and environment.get("TOPOLOGY"):
        options.listener = listener_of(Path(options.root), environment["TOPOLOGY"])
    if (options.server is None) is (options.companion is None):
        parser.error("either SERVER or --companion NAME is required")
    missing = [f"--{name}" for name in ("listener", "host", "port") if getattr(options, name) is None]
    if missing and not options.companion:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    return options
