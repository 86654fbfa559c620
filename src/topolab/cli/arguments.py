"""Defines and parses the command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from topolab.catalogue.reading import shortened
from topolab.errors import InputError
from topolab.model.combination import DIMENSIONS
from topolab.model.matrix import MAX_ROUNDS

_EPILOG = f"""\
filters:  --only topology='nlb-*' --only topology=alb --only protocol=h2
          keeps the cells with one of these topologies that also have this protocol;
          keys are {", ".join(DIMENSIONS)}; names are those of --list
exit:     0 all measured (skips are fine), 1 some cell failed, 2 bad input, 3 nothing selected,
          4 results or output not written (disk full, read-only, folder deleted),
          130 interrupted, 141 the reader of the output stopped reading, as in `| head -1`
"""
_MAX_START_TIMEOUT_S = 3_600.0
_MAX_SEED = 2**53 - 1
"""The largest whole number that every JSON parser preserves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The parsed command line; None for options that were not given."""

    default_matrix: str
    matrix: str | None
    only: tuple[str, ...]
    rounds: int | None
    backend: str | None
    context: str | None
    seed: int | None
    out: Path
    resume: str | None
    list: bool
    dry_run: bool
    json: bool
    quiet: bool
    start_timeout: float | None


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, its purpose, and the matrix that it runs by default."""

    name: str
    about: str
    matrix: str


MATRIX = Command(
    "topolab",
    "Start every server behind every topology, load all of them alike, and print the results as tables.",
    "default",
)
PAGE = Command(
    "run_page.py",
    "Open the app's page in Chromium behind every topology, press its button, and draw every request.",
    "page-browser",
)


def parse(arguments: list[str], command: Command = MATRIX) -> Arguments:
    """Raises `InputError` for what cannot be understood, and `SystemExit` after printing the help."""
    parser = _Parser(
        prog=command.name,
        description=command.about,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--matrix",
        type=_text,
        metavar="NAME|FILE",
        help=f"what to run, a name from --list or a TOML file (default: {command.matrix})",
    )
    add("--only", type=_text, metavar="KEY=GLOB", action="append", default=[], help="measure only the cells that match")
    add(
        "--rounds",
        type=_rounds,
        metavar="N",
        help=f"passes over all cells, at most {MAX_ROUNDS:,} (default: the matrix's own)",
    )
    add(
        "--backend",
        choices=("auto", "docker", "local"),
        help="where servers and proxies run: containers or processes (default: auto, docker where an engine answers)",
    )
    add(
        "--context",
        type=_text,
        metavar="NAME",
        help="the Docker context whose engine to use (default: the engine that the docker command uses)",
    )
    add("--seed", type=_seed, metavar="N", help="the seed of the random order (default: a random one)")
    add(
        "--out",
        type=_path,
        default=Path("results"),
        metavar="DIR",
        help="the folder for the results of runs (default: results)",
    )
    add("--resume", type=_text, metavar="RUN", help="continue an interrupted run, by id or folder")
    add(
        "--start-timeout",
        type=_seconds,
        metavar="SECONDS",
        help="the time limit for a server's first good answer (default: 20, or more if server or app declares it)",
    )
    add("--list", action="store_true", help="print everything that has a name, and stop")
    add("--dry-run", action="store_true", help="print the plan, the skips and the expected time, and stop")
    add(
        "--json",
        action="store_true",
        help="print JSON instead of tables: results.json; with --list, the names; with --dry-run, the plan",
    )
    add("--quiet", action="store_true", help="print no progress")
    given = parser.parse_args(arguments)
    if given.context and given.backend == "local":
        parser.error("--context names a Docker engine; it cannot be given with --backend local")
    if given.resume is not None:
        fixed = [
            f"--{name}"
            for name in ("matrix", "only", "rounds", "seed", "backend")
            if getattr(given, name) not in (None, [])
        ]
        if given.dry_run or given.list or fixed:
            clash = ", ".join(fixed) or ("--dry-run" if given.dry_run else "--list")
            parser.error(f"--resume continues a run as it was planned; it cannot be given with {clash}")
    return Arguments(**{**vars(given), "only": tuple(given.only), "default_matrix": command.matrix})


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see --help")


def _text(text: str) -> str:
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("must not be empty" if not text else "must not contain a NUL character")
    return text


def _path(text: str) -> Path:
    return Path(_text(text))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _MAX_START_TIMEOUT_S:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {_MAX_START_TIMEOUT_S:g}, not {shortened(text)}")
    return seconds


def _rounds(text: str) -> int:
    return _whole(text, 1, MAX_ROUNDS)


def _seed(text: str) -> int:
    return _whole(text, 0, _MAX_SEED)


def _whole(text: str, least: int, most: int) -> int:
    wanted = f"must be a whole number from {least} to {most}, not {shortened(text)}"
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(wanted) from None
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(wanted)
    return number
