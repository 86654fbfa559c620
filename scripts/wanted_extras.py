"""Finds the extras that a command needs, from its arguments and the catalogue, before anything is installed.

It reads only files: the catalogue, and the record of a run that is resumed. If something is wrong with them or with the
arguments, it asks for no extra: the core is enough for the command to say so.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path
from typing import Any

from installed import CORE, EXTRAS, ROOT, distributions_of

_SOURCE = str(ROOT / "src")
if _SOURCE not in sys.path:
    sys.path.insert(0, _SOURCE)

from topolab.launch.root import default_root, lacking  # noqa: E402 - found once the path above is known

Table = Mapping[str, Any]
_ENGINE_SOCKET = Path("/var/run/docker.sock")
_NAMES_AN_ENGINE = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY")
_ONLY_PRINT = ("--list", "-h", "--help")
_FIXED_IN_A_RUN = ("--matrix", "--only", "--rounds", "--seed", "--backend", "--dry-run")
"""Options that the command refuses with `--resume`."""


def wanted_extras(arguments: Sequence[str], default_matrix: str) -> tuple[str, ...]:
    """The extras for `run_matrix.py` or `run_page.py` with these arguments."""
    given, root = _options(arguments), default_root()
    if any(word in arguments for word in _ONLY_PRINT):
        return ()
    try:
        if lacking(root):
            return ()
        wanted = set(_for_run(root, given) if "--resume" in given else _for_matrix(root, given, default_matrix))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, RecursionError):
        return ()  # the command reads the same files, and reports what is wrong
    return tuple(sorted(wanted))


def _options(words: Sequence[str]) -> dict[str, list[str]]:
    """The values of each option, given as `--name value` or as `--name=value`."""
    found: dict[str, list[str]] = {}
    for word, following in pairwise([*words, ""]):
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            found.setdefault(name, []).append(value if equals else following)
    return found


def _for_run(root: Path, given: Mapping[str, list[str]]) -> Iterator[str]:
    """The extras for reporting a run, and, if it is not finished, for measuring its cells."""
    if given.keys() & set(_FIXED_IN_A_RUN):
        return
    record, made = _stored(given["--resume"][-1], given.get("--out", ["results"])[-1])
    cells = [cell["combination"] for cell in record["plan"]["cells"]]
    drivers = {record["profiles"][cell["profile"]]["driver"] for cell in cells}
    recorded = record.get("drivers", {})
    if record["charts"] or any(recorded[d]["visits"] if d in recorded else _draws(root, d) for d in drivers):
        yield "charts"
    if made == record["rounds"] * len(cells):
        return
    yield from drivers & set(EXTRAS)
    selected = {key: sorted({cell[field] for cell in cells}) for key, field in _FIELDS.items()}
    yield from _with_packages(_packages(root, _Wanted(selected, ())))
    if _may_use_docker(given, record["backend"]):
        yield "docker"


def _stored(run: str, out: str) -> tuple[Table, int]:
    """The record of a run, by id or folder as the command finds it, and how many observations it has."""
    import sqlite3  # only for runs

    from topolab.database import DATABASE, connect_to_read

    file = (Path(run) if os.path.isdir(run) else Path(out, run)) / DATABASE  # noqa: PTH112 - False for names too long
    if not file.is_file():
        raise FileNotFoundError(file)
    try:
        with closing(connect_to_read(file, writable=False)) as connection:
            ((text,),) = connection.execute("SELECT record FROM run").fetchall()
            ((made,),) = connection.execute("SELECT count(*) FROM observation").fetchall()
    except sqlite3.Error as error:
        raise ValueError(f"{file}: {error}") from error
    return json.loads(text), made


def _for_matrix(root: Path, given: Mapping[str, list[str]], default: str) -> Iterator[str]:
    """The extras for the drivers, servers and apps that a matrix may use, and for its pictures."""
    backend = given.get("--backend", ["auto"])[-1]
    if backend not in ("auto", "docker", "local") or (backend == "local" and "--context" in given):
        return
    name = given.get("--matrix", [default])[-1]
    file = root / "loadtest" / "matrices" / f"{name}.toml"
    matrix = _read(file if file.is_file() else Path(name))
    packages: set[str] = set()
    drivers: set[str] = set()
    profiles = [_read(path) for path in (root / "loadtest" / "profiles").glob("[!.]*.toml")]
    for selection in matrix["select"]:
        selected = {key: selection[plural] for key, plural in _PLURALS.items()}
        wanted = _Wanted(selected, given.get("--only", ()))
        packages.update(_packages(root, wanted))
        drivers.update(profile["driver"] for profile in profiles if wanted.names("profile", profile["name"]))
    yield from drivers & set(EXTRAS)
    yield from _with_packages(packages)
    # A plan says which cells this machine can measure, so it needs all that they need, but no pictures.
    if "--dry-run" not in given and (matrix.get("charts") or any(_draws(root, driver) for driver in drivers)):
        yield "charts"
    if _may_use_docker(given, backend):
        yield "docker"


def _draws(root: Path, driver: str) -> bool:
    """Whether a driver's loads are visits, which reports draw.

    Its descriptor says so by the argument `visits`. It cannot be imported without the core, so only its text is read.
    """
    own = ROOT / "src" / "topolab" / "drivers" / driver
    text = ((own if own.is_dir() else root / "drivers" / driver) / "descriptor.py").read_bytes()
    if b"visits" not in text:
        return False
    import ast  # importing it takes as long as reading the catalogue

    arguments = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.keyword))
    values = [argument.value for argument in arguments if argument.arg == "visits"]
    return any(not isinstance(value, ast.Constant) or bool(value.value) for value in values)


def _with_packages(packages: Iterable[str]) -> Iterator[str]:
    """The extras that have some of these packages, apart from those in the core."""
    needed = set(packages) - distributions_of(ROOT, CORE)
    yield from (extra for extra in EXTRAS if needed & distributions_of(ROOT, extra))


def _may_use_docker(given: Mapping[str, list[str]], backend: str) -> bool:
    if backend != "auto":
        return backend == "docker" or "--context" in given
    config = Path(os.environ.get("DOCKER_CONFIG", "~/.docker"), "config.json")
    return (
        "--context" in given
        or any(os.environ.get(name) for name in _NAMES_AN_ENGINE)
        or _ENGINE_SOCKET.exists()
        or Path(os.path.expanduser(config)).exists()  # noqa: PTH111 - returns the path unchanged if there is no home
    )


_PLURALS = {"server": "servers", "app": "apps", "protocol": "protocols", "profile": "profiles"}
"""The dimensions on which extras depend, by their names in `--only`, with their names in a matrix."""
_FIELDS = {"server": "server", "app": "app", "protocol": "client_protocol", "profile": "profile"}
"""The same dimensions, with their names in a run's record."""


class _Wanted:
    """The names that pass both a selection, by dimension, and `--only`."""

    def __init__(self, selected: Table, only: Iterable[str]) -> None:
        self._selected = selected
        self._only: dict[str, list[str]] = {}
        for word in only:
            key, _, glob = word.partition("=")
            self._only.setdefault(key, []).append(glob)

    def names(self, key: str, *spellings: str) -> bool:
        """Whether a name with these spellings passes both."""
        return all(
            any(fnmatchcase(text, glob) for glob in globs for text in spellings)
            for globs in (self._selected[key], self._only.get(key, ["*"]))
        )


def _packages(root: Path, wanted: _Wanted) -> Iterator[str]:
    yield from _of_servers(root, wanted)
    yield from _of_apps(root, wanted)


def _of_servers(root: Path, wanted: _Wanted) -> Iterator[str]:
    for server in map(_read, (root / "servers").glob("[!.]*/server.toml")):
        for variant in server["variants"]:
            if wanted.names("server", f"{server['name']}-{variant['name']}", server["name"]):
                yield from variant["packages"]
                for listener in variant["listeners"].values():
                    if any(wanted.names("protocol", protocol) for protocol in listener["protocols"]):
                        yield from listener.get("packages", ())


def _of_apps(root: Path, wanted: _Wanted) -> Iterator[str]:
    for app in map(_read, (root / "apps").glob("[!.]*/app.toml")):
        if wanted.names("app", app["name"], *(f"{app['name']}-{interface}" for interface in app["entrypoints"])):
            yield from app.get("packages", ())


def _read(path: Path) -> dict[str, Any]:
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is not a regular file: reading it here would take it from the command, or never end")
    return tomllib.loads(path.read_text(encoding="utf-8-sig"))
