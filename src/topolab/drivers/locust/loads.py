"""One job of the Locust worker: Locust is run, conducted, and what it wrote is kept and measured by."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from topolab.drivers.locust.command import locust_argv, locust_environment, longest_s
from topolab.drivers.locust.output import measured, parse_result
from topolab.drivers.protocol import Job
from topolab.drivers.worker import Gate, LoadError
from topolab.model.measurement import Measurement
from topolab.model.users import UsersLoad
from topolab.process.child import Child, Ran
from topolab.process.ports import ReservedPort

_WARM, _COUNTED = "topolab: warm", "topolab: counted"
"""As `loadtest/conducting.py` writes them."""


def do(job: Job, gate: Gate) -> Measurement:
    """Make one job's load with Locust."""
    profile = job.profile
    if not isinstance(profile, UsersLoad):
        raise LoadError(f"Locust makes no load of the kind {profile.kind!r}.")
    locustfile = Path(job.catalogue) / "loadtest" / "locustfile.py"
    if not locustfile.is_file():
        raise LoadError(f"there is no {locustfile}; a catalogue of one's own brings its users with it.")
    with tempfile.TemporaryDirectory(prefix="locust-") as name, ExitStack() as resources:
        folder = Path(name)
        result = folder / "result.json"
        port = resources.enter_context(ReservedPort()).number if profile.workers > 1 else 0
        argv = locust_argv(sys.executable, locustfile, job.target, profile, result, port)
        ran, passed = _conducted(argv, folder, profile, gate)
        gate.keep("locust.txt", f"{' '.join(argv)}\n{ran.output}".encode())
        content = result.read_bytes() if result.is_file() else b""
        gate.keep("locust.json", content)
    if ran.code is None:
        raise LoadError("Locust did not end in time and was stopped")
    if _COUNTED not in passed or not content:
        last = ran.output.strip().splitlines()[-1:] or ["nothing at all"]
        raise LoadError(f"Locust ended before its users were done; its last line is {last[0][:200]!r}")
    return measured(parse_result(content), profile)


def _conducted(argv: list[str], folder: Path, profile: UsersLoad, gate: Gate) -> tuple[Ran, set[str]]:
    """Users run on while the counters are read: before counting begins, and after the counts were gathered."""
    child = Child(argv, told=True, cwd=folder, env=locust_environment(os.environ, folder))
    passed: set[str] = set()

    def on_line(line: str) -> None:
        if line == _WARM:
            gate.warm()
            child.tell("go\n")
            passed.add(_WARM)
        elif line == _COUNTED:
            gate.loaded()
            passed.add(_COUNTED)

    return child.run(time.monotonic() + longest_s(profile), on_line), passed
