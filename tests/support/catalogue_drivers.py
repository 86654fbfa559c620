"""A driver in a catalogue, written by a test, with workers that run it."""

from __future__ import annotations

from pathlib import Path

from topolab.drivers.descriptor import Descriptor
from topolab.drivers.registry import read_descriptor

DESCRIPTOR = """
from topolab.drivers.descriptor import Descriptor

DRIVER = Descriptor("spam", frozenset({"closed"}))
"""
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
