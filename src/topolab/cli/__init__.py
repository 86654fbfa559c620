"""The command line: arguments, printing, exit codes. `topolab` and `scripts/run_matrix.py` are this."""

from __future__ import annotations

import sys
import time

from topolab.cli.exit_codes import ExitCode
from topolab.errors import EngineError, InputError, NothingSelectedError, StoreError


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code. Bad input is one line on standard error."""
    begun = time.monotonic()
    from topolab.cli.arguments import parse
    from topolab.cli.commands import carry_out

    try:
        return carry_out(parse(sys.argv[1:] if arguments is None else arguments), begun)
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
