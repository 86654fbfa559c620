#!/usr/bin/env python3
"""The one way a proxy is started, by every backend and by hand: fill in a template, print the argv, exec nginx.

Standard library only. What a topology is made of stands in its TOML; placeholders are `${UPPER_CASE}`, nginx's own
variables are lower-case and left alone. Topology and listener may also come from the environment: a topology's Compose
file says them there, apart from the command. Wrong input ends with exit code 2 and one line.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_FOLDER = Path(__file__).resolve().parent
_SCHEMES = {"cleartext": "http", "tls": "https"}
_OPTIONS = {
    "edge-host": "the address to listen on",
    "edge-port": "the port to listen on",
    "server-host": "where the server is",
    "server-port": "and its port",
    "server-name": "the name for SNI towards it",
    "cert": "certificate chain, PEM",
    "key": "its key, PEM",
}


def render(template: str, values: Mapping[str, str]) -> str:
    """The template with every placeholder filled in. Raises `KeyError` naming one that has no value."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def build_argv(nginx: str, prefix: Path) -> list[str]:
    """The nginx command line: in the foreground, logging to standard error, all files below `prefix`."""
    directives = "daemon off;"
    if os.geteuid() == 0:  # started by root, nginx would give its worker to a user that cannot read our files
        directives += f" user {pwd.getpwuid(0).pw_name};"
    return [nginx, "-p", f"{prefix}/", "-c", "nginx.conf", "-e", "stderr", "-g", directives]


def main(arguments: list[str]) -> None:
    """Render into `--prefix` and become nginx."""
    given = _parser().parse_args(arguments)
    topology = _read_topology(given.topology)
    if given.listener not in _SCHEMES:
        _fail(f"--listener {given.listener}: has to be one of {', '.join(_SCHEMES)}")
    values = {
        **{name.upper(): value for name, value in vars(given).items() if isinstance(value, str)},
        **topology.get("values", {}),
        "FOLDER": str(_FOLDER),
        "SERVER_SCHEME": _SCHEMES[given.listener],
    }
    template = _FOLDER / topology["template"]
    try:
        configuration = render(template.read_text(encoding="utf-8"), values)
    except OSError as error:
        _fail(f"{template.name}: {error.strerror}")
    except KeyError as error:
        option = error.args[0].lower().replace("_", "-")
        _fail(f"{template.name}: ${{{error.args[0]}}} has no value; give --{option}")
    if given.print:
        sys.stdout.write(configuration)
        return
    given.prefix.mkdir(parents=True, exist_ok=True)
    (given.prefix / "nginx.conf").write_text(configuration, encoding="utf-8")
    argv = build_argv(given.nginx, given.prefix)
    print(json.dumps({"argv": argv}), flush=True)
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        _fail(f"--nginx {given.nginx}: cannot be run: {error.strerror}")


def _read_topology(name: str) -> dict[str, Any]:
    file = _FOLDER / "topologies" / f"{name}.toml"
    try:
        topology = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        _fail(
            f"{name}: no such topology; there are {', '.join(sorted(f.stem for f in file.parent.glob('[!.]*.toml')))}"
        )
    except (OSError, ValueError) as error:
        _fail(f"nginx/topologies/{file.name}: cannot be read as TOML: {error}")
    if "template" not in topology:
        _fail(f"{name}: has no proxy: its TOML names no template")
    return topology


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    topology, listener = os.environ.get("TOPOLOGY"), os.environ.get("LISTENER", "cleartext")
    parser.add_argument("topology", nargs="?" if topology else None, default=topology, help="a name in topologies/")
    parser.add_argument("--listener", default=listener, help="what the server listens for: cleartext or tls")
    for name, what in _OPTIONS.items():
        parser.add_argument(f"--{name}", help=what)
    parser.add_argument("--nginx", default="nginx", help="the nginx to run (default: the one on PATH)")
    parser.add_argument(
        "--prefix", type=Path, required=True, help="a writable folder for nginx.conf and temporary files"
    )
    parser.add_argument("--print", action="store_true", help="print the configuration and stop")
    return parser


def _fail(message: str) -> NoReturn:
    print(f"start.py: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
