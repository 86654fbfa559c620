"""The one launcher of every server, standard library only: fills in what server.toml declares, prints it, execs it.

The listener may also come from the environment: a topology's Compose file says it there, apart from the command.
"""

import argparse
import json
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

USAGE_EXIT_CODE = 2
_INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Table = Mapping[str, Any]


class UsageError(Exception):
    """What was asked for is not declared; its text is the one line that is printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the server's argv as one JSON line and become that server; with --print only print it."""
    options = _parser().parse_args(arguments)
    try:
        argv, environment = prepare(options)
        print(json.dumps({"argv": argv}), flush=True)
        if not options.print:
            become(argv, environment)
    except UsageError as error:
        print(f"serve.py: {error}", file=sys.stderr)
        return USAGE_EXIT_CODE
    return 0


def become(argv: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Exec the server, or raise UsageError."""
    try:
        os.execve(argv[0], list(argv), dict(environment))
    except OSError as error:
        raise UsageError(f"{argv[0]}: cannot be run: {error.strerror}") from error


def prepare(options: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """Return the argv and the environment that the options ask for, or raise UsageError."""
    root: Path = options.root.resolve()
    folder, name = find_server(root, options.server)
    file = f"servers/{folder.name}/server.toml"
    server = _read(root, file)
    variants = {variant.get("name", ""): variant for variant in _need(file, server, "variants")}
    _choose(file, "variants", name, variants)
    variant = variants[name]
    interfaces: list[str] = _need(file, variant, "interfaces")
    interface = options.interface or _shared_interface(root, options.app, interfaces)
    _choose(file, f"variants.{name}.interfaces", interface, interfaces)
    given = {
        "python": sys.executable,
        "host": options.host,
        "port": str(options.port),
        "cert": options.cert,
        "key": options.key,
        "app": find_entry_point(root, options.app, interface),
        "workers": str(options.workers),
        "folder": str(folder),
    }
    argv = build_argv(file, server, variant, options.listener, {key: value for key, value in given.items() if value})
    return argv, build_environment(os.environ, variant.get("env", {}), root / "apps", options.app)


def build_argv(file: str, server: Table, variant: Table, listener: str, values: Mapping[str, str]) -> list[str]:
    """Return command + variant argv + listener argv + app argument, every placeholder filled from `values`."""
    where = f"variants.{variant['name']}"
    listeners: Table = _need(file, variant, "listeners")
    _choose(file, f"{where}.listeners", listener, listeners)
    parts = {
        "command": _need(file, server, "command"),
        f"{where}.argv": variant.get("argv", []),
        f"{where}.listeners.{listener}.argv": listeners[listener].get("argv", []),
        f"{where}.app_argument": [variant.get("app_argument", "{app}")],
    }
    return [_fill(file, key, word, values) for key, words in parts.items() for word in words]


def build_environment(outer: Mapping[str, str], added: Mapping[str, str], apps: Path, app: str) -> dict[str, str]:
    """Return the server's environment, with the app and what apps share as its only PYTHONPATH.

    Of the outer environment only what any program needs: WEB_CONCURRENCY, GUNICORN_CMD_ARGS and their like would
    make one server of several run differently.
    """
    kept = {key: value for key, value in outer.items() if key in _INHERITED}
    search_path = os.pathsep.join([str(apps / app), str(apps / "common")])
    return {**kept, "PYTHONPATH": search_path, "PYTHONUNBUFFERED": "1", **added}


def find_server(root: Path, full_name: str) -> tuple[Path, str]:
    """Split `server-variant` into the server's folder and the variant's name; both may hold hyphens.

    A server's name alone means its first variant.
    """
    folders = sorted(file.parent for file in (root / "servers").glob("*/server.toml"))
    alone = next((folder for folder in folders if folder.name == full_name), None)
    if alone is not None:
        file = f"servers/{alone.name}/server.toml"
        variants = _need(file, _read(root, file), "variants")
        return alone, variants[0].get("name", "") if variants else ""
    fitting = [folder for folder in folders if full_name.startswith(f"{folder.name}-")]
    if not fitting:
        _refuse(f"{root}/servers", full_name, "no such server", [f"{folder.name}-VARIANT" for folder in folders])
    longest = max(fitting, key=lambda folder: len(folder.name))
    return longest, full_name.removeprefix(f"{longest.name}-")


def find_entry_point(root: Path, app: str, interface: str) -> str:
    """Return the app's `module:attribute` for the interface, or raise UsageError."""
    _choose(f"{root}/apps", app, app, sorted(file.parent.name for file in (root / "apps").glob("*/app.toml")))
    file = f"apps/{app}/app.toml"
    entry_points: dict[str, str] = _need(file, _read(root, file), "entrypoints")
    _choose(file, "entrypoints", interface, entry_points)
    return entry_points[interface]


def _shared_interface(root: Path, app: str, interfaces: Sequence[str]) -> str:
    """The first of the variant's interfaces that the app has; its first where it has none, to be refused by name."""
    file = root / "apps" / app / "app.toml"
    offered = _read(root, f"apps/{app}/app.toml").get("entrypoints", {}) if file.is_file() else {}
    return next((interface for interface in interfaces if interface in offered), interfaces[0] if interfaces else "")


def _fill(file: str, key: str, word: str, values: Mapping[str, str]) -> str:
    for name in _PLACEHOLDER.findall(word):
        if name in ("cert", "key") and name not in values:
            raise UsageError(f"{file}: {key}: uses {{{name}}}; expected the option --{name} FILE")
        _choose(file, key, f"{{{name}}}", [f"{{{known}}}" for known in values])
    return _PLACEHOLDER.sub(lambda found: values[found[1]], word)


def _read(root: Path, file: str) -> Table:
    try:
        return tomllib.loads((root / file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read as TOML: {error}") from error


def _need(file: str, table: Table, key: str) -> Any:
    if key in table:
        return table[key]
    raise UsageError(f"{file}: {table.get('name', 'the file')}: {key} is missing; expected that key")


def _choose(file: str, key: str, name: str, offered: Iterable[str]) -> None:
    if name not in offered:
        _refuse(file, key, f"{name!r} is unknown", offered)


def _refuse(file: str, key: str, trouble: str, offered: Iterable[str]) -> NoReturn:
    raise UsageError(f"{file}: {key}: {trouble}; expected one of {', '.join(offered) or 'none at all'}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="serve.py", description="Start a server as its server.toml says.")
    listener = os.environ.get("LISTENER")
    parser.add_argument("server", metavar="SERVER[-VARIANT]", help="without a variant, the server's first")
    parser.add_argument("--app", required=True, help="a folder in apps/")
    parser.add_argument("--interface", help="asgi or wsgi; without, the first of the variant's that the app has")
    parser.add_argument("--listener", required=listener is None, default=listener, help="cleartext, tls or quic")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--cert", help="certificate chain, PEM")
    parser.add_argument("--key", help="its key, PEM in PKCS#8")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="the folder of servers/ and apps/")
    parser.add_argument("--print", action="store_true", help="print the argv and start nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
