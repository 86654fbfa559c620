"""Condenses BuildKit's plain output to an occasional progress line."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

_EVERY_S = 10.0
_WIDEST = 60
# "#12 [server packages 3/4] RUN ..." where several images are built at once, "#12 [packages 3/4] RUN ..." for one.
_STEP = re.compile(r"^#\d+ \[(?P<where>[^\]]*?) *(?P<step>\d+)/(?P<steps>\d+)\] (?P<command>.+)$")


class BuildProgress:
    """Reports which image is at which step: once when a build begins to work, then every ten seconds.

    `names` are the images by the service that builds them.
    """

    def __init__(
        self, names: Mapping[str, str], say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._names = names
        self._say = say
        self._clock = clock
        self._rest = ""
        self._at = ""
        self._said_s: float | None = None

    def read(self, text: str) -> None:
        """Take the output since the last call, which may end in the middle of a line or be empty."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if found := _STEP.match(line):
                self._at = self._worded(found)
        now = self._clock()
        if self._at and (self._said_s is None or now - self._said_s >= _EVERY_S):
            self._said_s = now
            self._say(self._at)

    def _worded(self, found: re.Match[str]) -> str:
        service, _, stage = found["where"].rpartition(" ")
        name = self._names.get(service) or self._names.get(stage) or ", ".join(self._names.values())
        command = " ".join(found["command"].split())
        command = command if len(command) <= _WIDEST else f"{command[: _WIDEST - 1]}…"
        return f"building {name}: step {found['step']} of {found['steps']} of {stage or service}: {command}"
