"""What the rest of the project knows about a driver. Its folder has one instance, which imports no load tool."""

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
"""What a worker takes besides its load, at worst."""
_TIMEOUT_S = 10.0


def _nothing_more(_: LoadProfile) -> None:
    """Of most profiles a driver wants nothing beyond their type."""


def _with_grace(profile: LoadProfile) -> float:
    return profile.longest_s + GRACE_S


@dataclass(frozen=True)
class Descriptor:
    """One driver, as its folder describes it."""

    name: str
    kinds: frozenset[str]
    """The load kinds that it makes."""
    refusals: Mapping[ClientProtocol, str] = field(default_factory=dict)
    """Why it does not speak a protocol, in a few words."""
    h2_alone_refusal: str = ""
    """Why it cannot offer h2 alone by ALPN; empty where it can."""
    check: Callable[[LoadProfile], tuple[str, str] | None] = _nothing_more
    """What a profile must be beyond its type: the key that is wrong and what it must be, or None."""
    start_up_s: float = 0.0
    """What a visit takes besides its load and its stack."""
    longest_s: Callable[[LoadProfile], float] = _with_grace
    """Longer than a load takes at worst, before its worker is given up."""
    visits: bool = False
    """Whether its loads are visits to the app's page, with `visit.json` next to each measurement."""
    reading: str = ""
    """How to read its figures, in sentences for the reports; empty where the tables are enough."""
    image: str = LOAD_IMAGE
    """The Compose service that has it in containers."""
    packages: tuple[str, ...] = ()
    """The distributions whose versions belong to a run's record."""
    missing: Callable[[], str] = str
    """Why it cannot be used on this machine, with what to install; empty where it can."""
    image_version: tuple[str, ...] = ()
    """The command that prints its tool's version in an image; empty where it has no tool of its own."""
    local_version: Callable[[], tuple[str, ...]] | None = None
    """The command that does so on this machine, where it differs."""
    folder: Path | None = None
    """Where it is, if that is not in this package: in a catalogue, and then in no image."""

    @property
    def record(self) -> DriverRecord:
        """The part that a run keeps for its reports."""
        return DriverRecord(visits=self.visits, reading=self.reading)

    @property
    def worker(self) -> tuple[str, ...]:
        """What the interpreter is given to run its worker."""
        return (str(self.folder),) if self.folder else ("-m", f"{__package__}.{self.name}")

    def version(self) -> str | None:
        """What its tool on this machine prints as its version; None where that fails."""
        try:
            return printed(self.local_version() if self.local_version else self.image_version)
        except (OSError, subprocess.TimeoutExpired):
            return None


def printed(argv: Iterable[str]) -> str:
    """What a command prints. Raises `OSError` and `subprocess.TimeoutExpired`."""
    done = subprocess.run(list(argv), capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False)
    return (done.stdout or done.stderr).strip()
