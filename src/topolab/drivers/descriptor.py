"""Everything that other packages know about a driver. Each driver folder has one descriptor, free of its load tool."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from topolab.model.profile import LoadProfile
from topolab.model.protocol import ClientProtocol
from topolab.model.run import DriverRecord

LOAD_IMAGE = "load"
GRACE_S = 15.0
"""The most time that a worker may take in addition to its load."""
_TIMEOUT_S = 10.0


def _nothing_more(_: LoadProfile) -> None:
    """Accept any profile of the right type, as most drivers do."""


def _with_grace(profile: LoadProfile) -> float:
    return profile.longest_s + GRACE_S


@dataclass(frozen=True)
class Descriptor:
    """One driver, as its folder describes it."""

    name: str
    kinds: frozenset[str]
    """The load kinds that it supports."""
    refusals: Mapping[ClientProtocol, str] = field(default_factory=dict)
    """Why it does not speak a protocol, in a few words."""
    h2_alone_refusal: str = ""
    """Why it cannot offer only h2 by ALPN; empty if it can."""
    check: Callable[[LoadProfile], tuple[str, str] | None] = _nothing_more
    """Checks a profile beyond its type: returns the wrong key and what it must be, or None."""
    start_up_s: float = 0.0
    """The time that a visit takes in addition to its load and its stack."""
    longest_s: Callable[[LoadProfile], float] = _with_grace
    """The time after which a worker is given up: longer than its load can take."""
    visits: bool = False
    """Whether its loads are visits to the app's page, with `visit.json` next to each measurement."""
    reading: str = ""
    """How to read its figures, in sentences for the reports; empty if the tables are enough."""
    image: str = LOAD_IMAGE
    """The Compose service that runs it in containers."""
    packages: tuple[str, ...] = ()
    """The distributions whose versions a run records."""
    files: tuple[str, ...] = ()
    """Patterns of the catalogue's files that its worker uses. A run is not continued after one has changed."""
    missing: Callable[[], str] = str
    """Why it cannot be used on this machine, and what to install; empty if it can."""
    image_version: tuple[str, ...] = ()
    """The command that prints its tool's version in an image; empty if it has no tool."""
    local_version: Callable[[], tuple[str, ...]] | None = None
    """The same for this machine, if it differs."""
    folder: Path | None = None
    """Its folder, if it is in a catalogue rather than in this package. No image contains it then."""

    @property
    def record(self) -> DriverRecord:
        """The part that a run keeps for its reports."""
        return DriverRecord(visits=self.visits, reading=self.reading)

    @property
    def worker(self) -> tuple[str, ...]:
        """The interpreter's arguments that run its worker."""
        return ("-m", __package__, str(self.folder or self.name))

    def version(self) -> str | None:
        """The version that its tool prints on this machine; None if that fails."""
        try:
            return printed(self.local_version() if self.local_version else self.image_version)
        except (OSError, subprocess.TimeoutExpired):
            return None


def printed(argv: Iterable[str]) -> str:
    """The output of a command. Raises `OSError` and `subprocess.TimeoutExpired`."""
    done = subprocess.run(list(argv), capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False)
    return (done.stdout or done.stderr).strip()
