"""Who owns what is on an engine: a lab process, known by a token and alive while it holds the token's lock.

The kernel lets go of a lock however a process ends, so a token whose lock can be taken belongs to a dead lab. Its file
says which engine it was on. A token without a file here is another machine's or user's, and none of our business.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from pathlib import Path

_LONGEST_ID = 256


def folder() -> Path:
    """Where this user's locks are: `$XDG_STATE_HOME/topolab/owners`, or in the temporary folder without a home."""
    home = os.environ.get("HOME")
    base = os.environ.get("XDG_STATE_HOME") or (f"{home}/.local/state" if home else "")
    return Path(base or f"{tempfile.gettempdir()}/topolab-{os.getuid()}") / "topolab" / "owners"


class Token:
    """This process's own, on one engine, locked until it ends or lets go."""

    def __init__(self, engine_id: str) -> None:
        place = folder()
        place.mkdir(parents=True, exist_ok=True)
        self.text = secrets.token_hex(8)
        self._descriptor = os.open(place / self.text, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        os.write(self._descriptor, engine_id.encode())

    def let_go(self) -> None:
        """Only once nothing carries it any more: otherwise the next start has to know whose that was."""
        forget(self.text)
        os.close(self._descriptor)


def dead(engine_id: str) -> list[str]:
    """The tokens of this machine and user on that engine whose lab is gone."""
    place = folder()
    files = sorted(place.iterdir()) if place.is_dir() else []
    return [path.name for path in files if _is_dead(path, engine_id)]


def forget(token: str) -> None:
    """Remove a dead token's file, once nothing carries the token any more."""
    (folder() / token).unlink(missing_ok=True)


def _is_dead(path: Path, engine_id: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # let go of meanwhile, or another user's
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.read(descriptor, _LONGEST_ID) == engine_id.encode()
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
