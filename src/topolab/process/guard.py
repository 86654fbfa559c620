"""A process that outlives the lab by a moment: when its standard input ends, it clears up what the lab left.

Run by path with the interpreter's `-I -S`, so it imports nothing but the standard library. Lines are `+PGID` when a
group starts and `-PGID` when the lab has ended it itself, `!ARGV` (JSON) for a command to run when the lab is gone and
`.ARGV` when it has become needless; its only argument is the lab's temporary folder. This is what ends the servers and
removes the run's key after a `kill -9` of the lab. What left its group is known by its environment: see `marked`.
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

MARK = "TOPOLAB_KEPT_IN"
"""The environment variable that everything a keeper starts has: the keeper's folder, `/`, and a number."""
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
    end_marked(f"{sys.argv[1]}/")
    for command in commands:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(json.loads(command), stdin=subprocess.DEVNULL, timeout=_COMMAND_LIMIT_S, check=False)
    deadline = time.monotonic() + _REMOVAL_LIMIT_S
    while Path(sys.argv[1]).exists() and time.monotonic() < deadline:  # where the lab has done it, it is gone
        shutil.rmtree(sys.argv[1], ignore_errors=True)  # what is only just dying may still write into it
        time.sleep(_POLL_S)


def marked(prefix: str) -> list[int]:
    """Processes whose mark begins with `prefix`, also those in a session of their own, as a daemon's is.

    Empty where the system has no /proc. A program that writes its title over its environment is not found.
    """
    wanted = f"\0{MARK}={prefix}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()  # empty for a zombie
        except OSError:
            continue  # it ended meanwhile, or is another user's
        if wanted in b"\0" + environment:
            found.append(int(entry.name))
    return found


def end_marked(prefix: str) -> None:
    """Kill the processes whose mark begins with `prefix`, and what they start meanwhile."""
    deadline = time.monotonic() + _REMOVAL_LIMIT_S
    while (found := marked(prefix)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_S)


if __name__ == "__main__":
    main()
