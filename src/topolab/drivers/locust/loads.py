"""One job of the Locust worker: run and conduct Locust, keep what it wrote, and take the measurement from it."""

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
"""The lines that `loadtest/conducting.py` prints."""


def do(job: Job, gate: Gate) -> Measurement:
    """Make one job's load with Locust."""
    profile = job.profile
    if not isinstance(profile, UsersLoad):
        raise LoadError(f"Locust makes no load of the kind {profile.kind!r}")
    locustfile = Path(job.catalogue) / "loadtest" / "locustfile.py"
    if not locustfile.is_file():
        raise LoadError(f"there is no {locustfile}; copy topolab's loadtest/*.py into your catalogue")
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
        lines = ran.output.strip().splitlines()
        last_words = f"its last line is {lines[-1][:200]!r}" if lines else "it wrote nothing"
        raise LoadError(f"Locust ended before its users were done; {last_words}")
    return measured(parse_result(content), profile)


def _conducted(argv: list[str], folder: Path, profile: UsersLoad, gate: Gate) -> tuple[Ran, set[str]]:
    """Run Locust. Counters are read before it counts and after it gathered the counts, while its users still run."""
    child = Child(argv, writable=True, cwd=folder, env=locust_environment(os.environ, folder))
    passed: set[str] = set()

    def on_line(line: str) -> None:
        if line == _WARM:
            gate.warm()
            child.write_line("go\n")
            passed.add(_WARM)
        elif line == _COUNTED:
            gate.loaded()
            passed.add(_COUNTED)

    return child.run(time.monotonic() + longest_s(profile), on_line), passed
