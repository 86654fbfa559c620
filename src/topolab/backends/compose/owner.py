"""Who owns what is on an engine: a lab process, known by a token and alive while it holds the token's lock.

The kernel lets go of a lock however a process ends, so a token whose lock can be taken belongs to a dead lab. Its file
says which engine it was on. A token without a file here is another machine's or user's, and none of our business.
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
    """Where this user's locks may be, best first: below the user's state, or in the temporary folder.

    A home may be missing, or read-only.
    """
    home = os.environ.get("HOME")
    state = os.environ.get("XDG_STATE_HOME") or (f"{home}/.local/state" if home else "")
    temporary = f"{tempfile.gettempdir()}/topolab-{os.getuid()}"
    return [Path(base) / "topolab" / "owners" for base in (state, temporary) if base]


class Token:
    """This process's own, on one engine, locked until it ends or lets go.

    Raises `EngineError` where its file can be nowhere.
    """

    def __init__(self, engine_id: str) -> None:
        self.text = secrets.token_hex(8)
        self._descriptor = _new_file(self.text)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        os.write(self._descriptor, engine_id.encode())

    def let_go(self) -> None:
        """Only once nothing carries it any more: otherwise the next start has to know whose that was."""
        forget(self.text)
        os.close(self._descriptor)


def dead(engine_id: str) -> list[str]:
    """The tokens of this machine and user on that engine whose lab is gone."""
    files = [path for place in folders() if place.is_dir() for path in sorted(place.iterdir())]
    return [path.name for path in files if _is_dead(path, engine_id)]


def forget(token: str) -> None:
    """Remove a dead token's file, once nothing carries the token any more."""
    for place in folders():
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            (place / token).unlink()


def _new_file(name: str) -> int:
    """Make a file in the first folder that can be written to, and open it."""
    refusals = []
    for place in folders():
        try:
            place.mkdir(parents=True, exist_ok=True)
            return os.open(place / name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            refusals.append(f"{place}: {error.strerror}")
    raise EngineError(
        f"a run on Docker needs a file that says whose its containers are: {'; '.join(refusals)}; "
        "set XDG_STATE_HOME or TMPDIR to a folder that can be written to"
    )


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
