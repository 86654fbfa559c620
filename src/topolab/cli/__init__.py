"""The command line: arguments, printing, exit codes. `topolab` and the scripts that run a matrix are this."""

from topolab.cli.entry import main

__all__ = ["main"]
