"""The command line: arguments, printing, exit codes. `topolab` and the scripts that run a matrix are this."""

from __future__ import annotations

import sys
import time

from topolab.cli.exit_codes import ExitCode
from topolab.errors import EngineError, InputError, NothingSelectedError, StoreError


def main(arguments: list[str] | None = None, *, page: bool = False) -> int:
    """Run the command, or that for the page, and return its exit code. Bad input is one line on standard error."""
    begun = time.monotonic()
    from topolab.cli.arguments import MATRIX, PAGE, parse
    from topolab.cli.commands import carry_out

    try:
        return carry_out(parse(sys.argv[1:] if arguments is None else arguments, PAGE if page else MATRIX), begun)
    except (InputError, StoreError, EngineError) as error:
        code = ExitCode.BAD_INPUT
        message = str(error)
    except NothingSelectedError as error:
        code = ExitCode.NOTHING_SELECTED
        message = str(error)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
        message = "interrupted"
    print(f"topolab: {' '.join(message.split())}", file=sys.stderr)
    return code
