"""The one path through a command: parse, execute, and turn every error into one line and an exit code."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from topolab.cli.exit_codes import ExitCode
from topolab.cli.outputs import safe_outputs
from topolab.errors import (
    EngineError,
    InputError,
    NothingSelectedError,
    OutputClosedError,
    OutputError,
    StoreError,
    TopolabError,
    UnwritableError,
)

if TYPE_CHECKING:
    from topolab.catalogue import Catalogue

_CODES: dict[type[TopolabError], ExitCode] = {
    InputError: ExitCode.BAD_INPUT,
    StoreError: ExitCode.BAD_INPUT,
    EngineError: ExitCode.BAD_INPUT,
    NothingSelectedError: ExitCode.NOTHING_SELECTED,
    UnwritableError: ExitCode.NOT_WRITTEN,
    OutputError: ExitCode.NOT_WRITTEN,
}


def main(arguments: list[str] | None = None, *, page: bool = False) -> int:
    """Run the command, or the one for the page, and return its exit code."""
    begun = time.monotonic()
    given = sys.argv[1:] if arguments is None else arguments
    return exit_code_of(lambda: _carry_out(given, page, begun))


def exit_code_of(command: Callable[[], int]) -> int:
    """Run `command` with safe outputs. Bad input prints one line on standard error; a closed output prints nothing."""
    try:
        with safe_outputs():
            try:
                return command()
            except tuple(_CODES) as error:
                _say(str(error))
                return _CODES[type(error)]
            except SystemExit as ended:  # the help is printed
                if isinstance(ended.code, str):
                    raise
                return ended.code or 0
            except ModuleNotFoundError as error:
                _say(f"the installation is damaged: {error}; remove .venv, or install topolab again")
                return ExitCode.FAILED
            except KeyboardInterrupt:
                _say("interrupted")
                return ExitCode.INTERRUPTED
    except OutputClosedError:
        return ExitCode.OUTPUT_CLOSED
    except OutputError as error:  # only the last of the output was refused
        _say(str(error))
        return ExitCode.NOT_WRITTEN


def _say(message: str) -> None:
    print(f"topolab: {' '.join(message.split())}", file=sys.stderr)


def _carry_out(given: list[str], page: bool, begun: float) -> int:
    """Execute the command. Each imports only what it needs, so that --list answers in a quarter of a second."""
    from topolab.cli.arguments import MATRIX, PAGE, parse

    arguments = parse(given, PAGE if page else MATRIX)
    catalogue = replace(_catalogue(), start_timeout_override_s=arguments.start_timeout)
    if arguments.list:
        from topolab.cli.listing import list_catalogue

        return list_catalogue(catalogue, as_json=arguments.json)
    if arguments.resume is not None:
        from topolab.cli.resuming import resume

        return resume(arguments, arguments.resume, catalogue, begun)
    from topolab.cli.planned import plan_run

    planned = plan_run(arguments, catalogue)
    if arguments.dry_run:
        from topolab.cli.dry_run import show_plan

        return show_plan(planned, catalogue, as_json=arguments.json)
    from topolab.cli.new_run import start

    return start(arguments, planned, catalogue, begun)


def _catalogue() -> Catalogue:
    """The chosen catalogue. A message about one that is not topolab's own begins with its folder."""
    from topolab.catalogue import default_root, load_catalogue
    from topolab.launch.root import own_root

    root = default_root()
    try:
        return load_catalogue(root)
    except InputError as error:
        if root == own_root() or str(error).startswith(str(root)):
            raise
        raise InputError(f"{root}: {error}") from error
