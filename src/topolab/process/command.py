"""A command run to its end: within a time limit, its output bounded, ended with the lab if the lab is killed."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from topolab.process.group import ProcessKeeper


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: its exit code (None: it was ended for taking too long) and the end of all it wrote."""

    code: int | None
    output: str


def run_command(
    keeper: ProcessKeeper, argv: Sequence[str], *, timeout_s: float, env: Mapping[str, str] | None = None
) -> Done:
    """Run `argv` with nothing on standard input. Raises `OSError` where it cannot be started at all."""
    with tempfile.NamedTemporaryFile(dir=keeper.folder, prefix="command-", suffix=".log") as log:
        group = keeper.start("command", argv, Path(log.name), env=env)
        try:
            code = group.leader.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            keeper.end(group)
        return Done(code, group.log_tail())
