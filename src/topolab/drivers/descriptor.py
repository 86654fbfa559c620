"""What the rest of the project knows of a driver: what it needs, its version, and which protocols it refuses."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from topolab.model.protocol import ClientProtocol

_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Descriptor:
    """One driver, as its folder describes it."""

    name: str
    refusals: Mapping[ClientProtocol, str] = field(default_factory=dict)
    """Why it does not speak a protocol, in a few words."""
    missing: Callable[[], str] = str
    """Why it cannot be used on this machine, with what to install; empty where it can."""
    image_version: tuple[str, ...] = ()
    """The command that prints its tool's version in an image; empty where it has no tool of its own."""
    local_version: Callable[[], tuple[str, ...]] | None = None
    """The command that does so on this machine, where it differs."""

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
