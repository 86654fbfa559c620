"""Who owns what is on an engine: a lab process, known by a token and alive while it holds the token's lock.

The kernel lets go of a lock however a process ends, so a token whose lock can be taken belongs to a dead lab. A token
without a file here is another machine's, and none of our business.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path


def folder() -> Path:
    """Where this user's locks are: `$XDG_STATE_HOME/topolab/owners`, or in the temporary folder without a home."""
    home = os.environ.get("HOME")
    base = os.environ.get("XDG_STATE_HOME") or (f"{home}/.local/state" if home else "")
    return Path(base or f"{tempfile.gettempdir()}/topolab-{os.getuid()}") / "topolab" / "owners"


class Token:
    """This process's own, locked until it ends or lets go."""

    def __init__(self) -> None:
        place = folder()
        place.mkdir(parents=True, exist_ok=True)
        self.text = secrets.token_hex(8)
        self._descriptor = os.open(place / self.text, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def let_go(self) -> None:
        """Only once nothing carries it any more: otherwise the next start has to know whose that was."""
        forget(self.text)
        os.close(self._descriptor)


def dead(tokens: Iterable[str]) -> list[str]:
    """Those of the tokens whose lab ran on this machine, as this user, and is gone."""
    return [token for token in tokens if _is_dead(folder() / token)]


def forget(token: str) -> None:
    """Remove a dead token's file, once nothing carries the token any more."""
    (folder() / token).unlink(missing_ok=True)


def _is_dead(path: Path) -> bool:
    if path.parent != folder():  # a label is anybody's text
        return False
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False
    finally:
        os.close(descriptor)
