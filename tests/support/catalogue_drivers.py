"""A driver in a catalogue, written by a test, with workers that run it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.driver_stage import closed
from topolab.drivers.descriptor import Descriptor
from topolab.drivers.load_workers import LoadWorkers
from topolab.drivers.registry import read_descriptor
from topolab.errors import StageError
from topolab.model.measurement import Measurement
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target, Workplace
from topolab.process.group import ProcessKeeper

DESCRIPTOR = """
from topolab.drivers.descriptor import Descriptor

DRIVER = Descriptor("spam", frozenset({"closed"}))
"""
PROFILE = closed(Lanes(1), driver="spam")
WORKER = """
from topolab.drivers.worker import LoadError, serve
from topolab.model.measurement import Measurement


def do(job, gate):
    gate.warm()
    gate.loaded()
    return Measurement(seconds=1, good_responses=1, bad_responses={}, responses_in_window=1, requests_per_second=1)


serve(do)
"""


def write_driver(root: Path, descriptor: str = DESCRIPTOR, worker: str = WORKER) -> Path:
    """The folder of the driver `spam` in a catalogue."""
    folder = root / "drivers" / "spam"
    folder.mkdir(parents=True)
    (folder / "descriptor.py").write_text(descriptor)
    (folder / "__main__.py").write_text(worker)
    return folder


def made_driver(root: Path, descriptor: str = DESCRIPTOR, worker: str = WORKER) -> Descriptor:
    """The same, read."""
    return read_descriptor(write_driver(root, descriptor, worker) / "descriptor.py", "drivers/spam/descriptor.py")


class Load:
    """Loads by a driver with this worker: the files and the log, for more than one job."""

    def __init__(self, root: Path, keeper: ProcessKeeper, worker: str) -> None:
        self.log = root / "client.log"
        self.kept: dict[str, bytes] = {}
        self._workers = LoadWorkers(keeper, self.log, None, {"spam": made_driver(root, worker=worker)})

    def make(self, enter: tuple[str, ...] = ()) -> Measurement:
        target, workplace = Target("127.0.0.1", 1, ClientProtocol.H1C), Workplace(enter, sys.executable, "")
        none = lambda: None  # noqa: E731
        return self._workers.measure(target, workplace, PROFILE, none, none, self.kept.__setitem__)

    def failure(self) -> StageError:
        with pytest.raises(StageError) as raised:
            self.make()
        return raised.value
