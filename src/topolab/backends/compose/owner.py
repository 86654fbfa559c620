"""Ownership on an engine: a topolab process with a token, alive while it locks the token's file.

The kernel releases a lock however a process ends, so a token whose lock can be taken belongs to a dead process. The
file says which engine that process used. A token without a file here belongs to another machine or user and is left
alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
from pathlib import Path

from topolab.errors import EngineError

_LONGEST_ID = 256


def folders() -> list[Path]:
    """Where this user's locks may be, best first: below the user's state folder, or in the temporary folder.

    A home may be missing, or read-only.
    """
    home = os.environ.get("HOME")
    state = os.environ.get("XDG_STATE_HOME") or (f"{home}/.local/state" if home else "")
    temporary = f"{tempfile.gettempdir()}/topolab-{os.getuid()}"
    return [Path(base) / "topolab" / "owners" for base in (state, temporary) if base]


class Token:
    """This process's token on one engine, locked until the process ends or releases it.

    Raises `EngineError` if there is no place for its file.
    """

    def __init__(self, engine_id: str) -> None:
        self.text = secrets.token_hex(8)
        self._descriptor = _new_file(self.text)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        os.write(self._descriptor, engine_id.encode())

    def let_go(self) -> None:
        """Call this only once nothing has the token any more: otherwise the next start needs the owner's file."""
        forget(self.text)
        os.close(self._descriptor)


def dead(engine_id: str) -> list[str]:
    """This machine's and user's tokens on that engine whose process is gone."""
    files = [path for place in folders() if place.is_dir() for path in sorted(place.iterdir())]
    return [path.name for path in files if _is_dead(path, engine_id)]


def forget(token: str) -> None:
    """Remove a dead token's file, once nothing has the token any more."""
    for place in folders():
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            (place / token).unlink()


def _new_file(name: str) -> int:
    """Create and open a file in the first writable folder."""
    refusals = []
    for place in folders():
        try:
            place.mkdir(parents=True, exist_ok=True)
            return os.open(place / name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            refusals.append(f"{place}: {error.strerror}")
    raise EngineError(
        f"a run on Docker needs a file to record who owns its containers: {'; '.join(refusals)}; "
        "set XDG_STATE_HOME or TMPDIR to a writable folder"
    )


def _is_dead(path: Path, engine_id: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # released meanwhile, or another user's
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.read(descriptor, _LONGEST_ID) == engine_id.encode()
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
