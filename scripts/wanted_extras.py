"""Finds the extras that a command needs, from its arguments and the catalogue, before anything is installed.

It reads only the TOML files. If it cannot tell, it asks for all extras: better too much installed than too little.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path
from typing import Any

from installed import CORE, EXTRAS, ROOT, distributions_of

Table = Mapping[str, Any]
_RUN_ID = re.compile(r"\d{8}-\d{6}-(.+?)(-\d+)?")
_ENGINE_SOCKET = Path("/var/run/docker.sock")
_NAMES_AN_ENGINE = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY")
_DRAWS = "browser"  # the driver whose visits are drawn as waterfalls


def wanted_extras(arguments: Sequence[str], default_matrix: str) -> tuple[str, ...]:
    """The extras for `run_matrix.py` or `run_page.py` with these arguments."""
    given = _options(arguments)
    if any(word in arguments for word in ("--list", "-h", "--help")):
        return ()
    if "--resume" in given:
        run = given["--resume"][-1]
        folders = ("", given.get("--out", ["results"])[-1])
        if not any(os.path.exists(Path(folder, run)) for folder in folders):  # noqa: PTH110 - False for names too long
            return ()  # the command refuses it
        matrix = _matrix_of_run(run)
    else:
        matrix = given.get("--matrix", [default_matrix])[-1]
    try:
        extras = set(_for_matrix(matrix, given.get("--only", ())))
    except FileNotFoundError:
        # The command refuses a matrix that does not exist. A run has its own, which may have been a user's file.
        return EXTRAS if "--resume" in given else ()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return EXTRAS  # a later step reports what is wrong with it
    if _may_use_docker(given):
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


def _matrix_of_run(run: str) -> str:
    """The matrix in the name of a run's folder."""
    named = _RUN_ID.fullmatch(Path(run).name)
    return named[1] if named else run


def _may_use_docker(given: Mapping[str, list[str]]) -> bool:
    backend = given.get("--backend", ["auto"])[-1]
    if backend != "auto":
        return backend == "docker" or "--context" in given
    config = Path(os.environ.get("DOCKER_CONFIG", "~/.docker"), "config.json")
    return (
        "--context" in given
        or any(os.environ.get(name) for name in _NAMES_AN_ENGINE)
        or _ENGINE_SOCKET.exists()
        or Path(os.path.expanduser(config)).exists()  # noqa: PTH111 - returns the path unchanged if there is no home
    )


def _for_matrix(name: str, only: Iterable[str]) -> Iterator[str]:
    """The extras for the drivers, servers and apps that a matrix may use, and for its charts."""
    root = Path(os.environ.get("TOPOLAB_CATALOGUE") or ROOT)
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
