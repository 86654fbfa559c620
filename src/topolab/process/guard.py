"""A process that outlives the lab by a moment: when its standard input ends, it clears up what the lab left.

Run by path with the interpreter's `-I -S`, so it imports nothing but the standard library. Lines are `+PGID` when a
group starts and `-PGID` when the lab has ended it itself, `!ARGV` (JSON) for a command to run when the lab is gone and
`.ARGV` when it has become needless; its only argument is the lab's temporary folder. This is what ends the servers and
removes the run's key after a `kill -9` of the lab.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_COMMAND_LIMIT_S = 180.0
_REMOVAL_LIMIT_S = 5.0
_POLL_S = 0.02


def main() -> None:
    """Follow the list until standard input ends, then kill what is left on it and remove the folder."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    commands: dict[str, None] = {}
    for line in sys.stdin:
        match line[0]:
            case "+":
                groups.add(int(line[1:]))
            case "-":
                groups.discard(int(line[1:]))
            case "!":
                commands[line[1:]] = None
            case _:
                commands.pop(line[1:], None)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    for command in commands:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(json.loads(command), stdin=subprocess.DEVNULL, timeout=_COMMAND_LIMIT_S, check=False)
    deadline = time.monotonic() + _REMOVAL_LIMIT_S
    while Path(sys.argv[1]).exists() and time.monotonic() < deadline:  # where the lab has done it, it is gone
        shutil.rmtree(sys.argv[1], ignore_errors=True)  # what is only just dying may still write into it
        time.sleep(_POLL_S)


if __name__ == "__main__":
    main()
