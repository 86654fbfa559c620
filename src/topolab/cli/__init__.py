"""The command line of `topolab` and of the scripts that run a matrix: arguments, printing, exit codes."""

from topolab.cli.entry import main

__all__ = ["main"]
