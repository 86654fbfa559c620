"""Finds the extras that a command needs, from its arguments and the catalogue, before anything is installed.

It reads only the TOML files, and the record of a run that is resumed. If it cannot tell, it asks for all extras:
better too much installed than too little.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path
from typing import Any

from installed import CORE, EXTRAS, ROOT, distributions_of

Table = Mapping[str, Any]
_RUN_ID = re.compile(r"\d{8}-\d{6}-(.+?)(-\d+)?")
_ENGINE_SOCKET = Path("/var/run/docker.sock")
_NAMES_AN_ENGINE = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY")
_CATALOGUE_FOLDERS = ("servers", "apps", "loadtest/profiles", "loadtest/matrices")
_DATABASE = "run.sqlite"
_DRAWS = "browser"  # the driver whose visits are drawn as waterfalls


def wanted_extras(arguments: Sequence[str], default_matrix: str) -> tuple[str, ...]:
    """The extras for `run_matrix.py` or `run_page.py` with these arguments."""
    given = _options(arguments)
    root = Path(os.environ.get("TOPOLAB_CATALOGUE") or ROOT)
    # For what the command only prints or refuses, nothing is installed.
    if any(word in arguments for word in ("--list", "-h", "--help")) or not _is_catalogue(root):
        return ()
    resumed = given.get("--resume")
    if resumed:
        folder = _folder_of_run(resumed[-1], given.get("--out", ["results"])[-1])
        if folder is None:
            return ()
        recorded_backend, matrix = _recorded(folder)
        docker = _may_use_docker(given, recorded_backend)
    else:
        matrix = given.get("--matrix", [default_matrix])[-1]
        docker = _may_use_docker(given, given.get("--backend", ["auto"])[-1])
    try:
        extras = set(_for_matrix(root, matrix, given.get("--only", ())))
    except (FileNotFoundError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        if not resumed:
            return ()
        return _all_extras(docker)  # its matrix may have been a user's file
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return _all_extras(docker or not resumed)  # a later step reports what is wrong with it
    if docker:
        extras.add("docker")
    return tuple(sorted(extras))


def _options(words: Sequence[str]) -> dict[str, list[str]]:
    """The values of each option, given as `--name value` or as `--name=value`."""
    found: dict[str, list[str]] = {}
    for word, following in pairwise([*words, ""]):
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            found.setdefault(name, []).append(value if equals else following)
    return found


def _is_catalogue(root: Path) -> bool:
    return all(os.path.isdir(root / folder) for folder in _CATALOGUE_FOLDERS)  # noqa: PTH112 - False for names too long


def _all_extras(docker: bool) -> tuple[str, ...]:
    """Every extra, but the one for containers only with `docker`."""
    return tuple(extra for extra in EXTRAS if docker or extra != "docker")


def _folder_of_run(run: str, out: str) -> Path | None:
    """The folder of a run, by id or folder, as the command finds it; None if there is no run."""
    folder = Path(run) if os.path.isdir(run) else Path(out, run)  # noqa: PTH112 - False for names too long
    return folder if os.path.isfile(folder / _DATABASE) else None  # noqa: PTH113 - False for names too long


def _recorded(folder: Path) -> tuple[str, str]:
    """A run's backend and matrix, from its record, or `auto` and the matrix in its folder's name."""
    import sqlite3  # only for runs

    path = folder.resolve() / _DATABASE
    log = path.with_name(f"{_DATABASE}-wal")
    # Without a log of transactions, SQLite need not make files next to the database, which may be read-only.
    settled = "" if log.exists() and log.stat().st_size else "&immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro{settled}", uri=True)) as connection:
            ((text,),) = connection.execute("SELECT record FROM run").fetchall()
        record = json.loads(text)
        return str(record["backend"]), str(record["matrix"])
    except (sqlite3.Error, OSError, ValueError, LookupError, TypeError, RecursionError):
        pass  # the command reports what is wrong with it
    named = _RUN_ID.fullmatch(folder.name)
    return "auto", named[1] if named else folder.name


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


def _for_matrix(root: Path, name: str, only: Iterable[str]) -> Iterator[str]:
    """The extras for the drivers, servers and apps that a matrix may use, and for its charts."""
    file = root / "loadtest" / "matrices" / f"{name}.toml"
    matrix = _read(file if file.is_file() else Path(name))
    if matrix.get("charts"):
        yield "charts"
    packages: set[str] = set()
    for selection in matrix["select"]:
        wanted = _Wanted(selection, only)
        packages.update(_of_servers(root, wanted), _of_apps(root, wanted))
        for profile in map(_read, (root / "loadtest" / "profiles").glob("[!.]*.toml")):
            if wanted.names("profile", profile["name"]):
                yield from {profile["driver"], "charts" if profile["driver"] == _DRAWS else ""} & set(EXTRAS)
    packages -= distributions_of(ROOT, CORE)
    yield from (extra for extra in EXTRAS if packages & distributions_of(ROOT, extra))


_PLURALS = {"server": "servers", "app": "apps", "protocol": "protocols", "profile": "profiles"}


class _Wanted:
    """The names that pass both a matrix's selection and `--only`."""

    def __init__(self, selection: Table, only: Iterable[str]) -> None:
        self._selected = {key: selection[plural] for key, plural in _PLURALS.items()}
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
