"""The one launcher of every server, standard library only: fills in what server.toml declares, prints it, execs it.

With --companion it launches what an app.toml declares to run beside the server. Listener and broker may also come from
the environment: a topology's and an app's Compose file say them there, apart from the command.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

USAGE_EXIT_CODE = 2
_INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER")
_OPTIONS = {"host": "HOST", "port": "PORT", "cert": "FILE", "key": "FILE", "broker": "HOST:PORT"}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Table = Mapping[str, Any]


class UsageError(Exception):
    """What was asked for is not declared; its text is the one line that is printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the program's argv as one JSON line and become that program; with --print only print it."""
    options = _parse(arguments)
    try:
        argv, environment = prepare_companion(options) if options.companion else prepare(options)
        print(json.dumps({"argv": argv}), flush=True)
        if not options.print:
            become(argv, environment)
    except UsageError as error:
        print(f"serve.py: {error}", file=sys.stderr)
        return USAGE_EXIT_CODE
    return 0


def become(argv: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Exec the program, looked up on PATH where it is no path, or raise UsageError."""
    try:
        os.execve(shutil.which(argv[0]) or argv[0], list(argv), dict(environment))
    except OSError as error:
        raise UsageError(f"{argv[0]}: cannot be run: {error.strerror}") from error


def prepare(options: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """Return the argv and the environment of the server that the options ask for, or raise UsageError."""
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
    app_file, app = find_app(root, options.app)
    given = {
        **_given(options),
        "app": find_entry_point(app_file, app, interface),
        "workers": str(options.workers),
        "folder": str(folder),
    }
    argv = build_argv(file, server, variant, options.listener, given)
    if app.get("companions"):
        _want_broker(app_file, "companions", options)
    return argv, build_environment(os.environ, variant.get("env", {}), root / "apps", app, options.broker)


def prepare_companion(options: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """Return the argv and the environment of the companion that the options ask for, or raise UsageError."""
    root: Path = options.root.resolve()
    file, app = find_app(root, options.app)
    companions = {companion.get("name", ""): companion for companion in app.get("companions", [])}
    _choose(file, "companions", options.companion, companions)
    where = f"companions.{options.companion}"
    words: list[str] = _need(file, companions[options.companion], "command")
    given = {key: value for key, value in _given(options).items() if key not in ("cert", "key")}
    argv = [_fill(file, f"{where}.command", word, given) for word in words]
    # The broker itself is the one that is told where to listen.
    if not any("{port}" in word for word in words):
        _want_broker(file, where, options)
    return argv, build_environment(os.environ, {}, root / "apps", app, options.broker)


def _given(options: argparse.Namespace) -> dict[str, str]:
    values = {"python": sys.executable, **{name: getattr(options, name) for name in _OPTIONS}}
    return {name: str(value) for name, value in values.items() if value}


def _want_broker(file: str, key: str, options: argparse.Namespace) -> None:
    if not options.broker:
        raise UsageError(f"{file}: {key}: a broker is needed; expected the option --broker {_OPTIONS['broker']}")


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


def build_environment(
    outer: Mapping[str, str], added: Mapping[str, str], apps: Path, app: Table, broker: str | None
) -> dict[str, str]:
    """Return the program's environment: the app, the apps it uses and what apps share as its only PYTHONPATH.

    Of the outer environment only what any program needs: WEB_CONCURRENCY, GUNICORN_CMD_ARGS and their like would
    make one server of several run differently. The app finds its broker in TOPOLAB_BROKER, as HOST:PORT.
    """
    kept = {key: value for key, value in outer.items() if key in _INHERITED}
    folders = (app["name"], *app.get("python_path", []), "common")
    search_path = os.pathsep.join(str(apps / folder) for folder in folders)
    told = {"TOPOLAB_BROKER": broker} if broker else {}
    return {**kept, "PYTHONPATH": search_path, "PYTHONUNBUFFERED": "1", **told, **added}


def find_server(root: Path, full_name: str) -> tuple[Path, str]:
    """Split `server-variant` into the server's folder and the variant's name; both may hold hyphens.

    A server's name alone means its first variant.
    """
    folders = sorted(file.parent for file in (root / "servers").glob("[!.]*/server.toml"))
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


def find_app(root: Path, name: str) -> tuple[str, Table]:
    """Return an app's file, as messages name it, and what it declares; raise UsageError where there is none."""
    _choose(f"{root}/apps", name, name, sorted(file.parent.name for file in (root / "apps").glob("[!.]*/app.toml")))
    file = f"apps/{name}/app.toml"
    return file, {**_read(root, file), "name": name}


def find_entry_point(file: str, app: Table, interface: str) -> str:
    """Return the app's `module:attribute` for the interface, or raise UsageError."""
    entry_points: dict[str, str] = _need(file, app, "entrypoints")
    _choose(file, "entrypoints", interface, entry_points)
    return entry_points[interface]


def _shared_interface(root: Path, app: str, interfaces: Sequence[str]) -> str:
    """The first of the variant's interfaces that the app has; its first where it has none, to be refused by name."""
    file = root / "apps" / app / "app.toml"
    offered = _read(root, f"apps/{app}/app.toml").get("entrypoints", {}) if file.is_file() else {}
    return next((interface for interface in interfaces if interface in offered), interfaces[0] if interfaces else "")


def _fill(file: str, key: str, word: str, values: Mapping[str, str]) -> str:
    for name in _PLACEHOLDER.findall(word):
        if name in _OPTIONS and name not in values:
            raise UsageError(f"{file}: {key}: uses {{{name}}}; expected the option --{name} {_OPTIONS[name]}")
        _choose(file, key, f"{{{name}}}", [f"{{{known}}}" for known in values])
    return _PLACEHOLDER.sub(lambda found: values[found[1]], word)


def _read(root: Path, file: str) -> Table:
    try:
        return tomllib.loads((root / file).read_text(encoding="utf-8-sig"))
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


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="serve.py", description="Start a server as its server.toml says.")
    parser.add_argument("server", metavar="SERVER[-VARIANT]", nargs="?", help="without a variant, the server's first")
    parser.add_argument("--companion", metavar="NAME", help="instead of a server, a companion of the app")
    parser.add_argument("--app", required=True, help="a folder in apps/")
    parser.add_argument("--interface", help="asgi or wsgi; without, the first of the variant's that the app has")
    parser.add_argument("--listener", default=os.environ.get("LISTENER"), help="cleartext, tls or quic")
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--broker", metavar="HOST:PORT", default=os.environ.get("BROKER"), help="of the companions")
    parser.add_argument("--cert", help="certificate chain, PEM")
    parser.add_argument("--key", help="its key, PEM in PKCS#8")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="the folder of servers/ and apps/")
    parser.add_argument("--print", action="store_true", help="print the argv and start nothing")
    options = parser.parse_args(arguments)
    if (options.server is None) is (options.companion is None):
        parser.error("either SERVER[-VARIANT] or --companion NAME is required")
    missing = [f"--{name}" for name in ("listener", "host", "port") if getattr(options, name) is None]
    if missing and not options.companion:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
