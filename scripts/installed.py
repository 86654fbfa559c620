"""What `.venv` holds, according to its stamps: which Python made it, and each part's lock and files."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = "core"
EXTRAS = ("apps", "browser", "charts", "docker", "locust", "servers")
OPTIONAL_LOCK = "servers/requirements-optional.lock"
_FORMAT = "2"  # raise it when environments made by older checkouts no longer work
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


class Installed:
    """A checkout's environment, compared with the parts it should have, the core first.

    The environment's stamp names its Python and its checkout. A part's stamp has the digest of its lock, then what it
    put into site-packages: if a name is gone from there, a package has been removed or changed.
    """

    def __init__(self, root: Path, parts: Sequence[str]) -> None:
        self.root = root
        self.parts = tuple(parts)
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._stamps = self.folder / "topolab"
        self._unfinished = self._stamps / "unfinished"

    def unfit(self) -> str:
        """Return in a few words why the environment must be rebuilt; empty if at most parts are missing."""
        if not (self.folder / "pyvenv.cfg").is_file():
            return "first run"
        stamp = _read(self._stamps / "environment")
        if stamp is None or self._unfinished.exists() or not self.python.exists():
            return "incomplete"
        made_by, _, rest = stamp.partition("\n")
        if made_by != _this_python():
            return f"made by {made_by}, this is {_this_python()}"
        if rest != self._whereabouts():
            return "made for another checkout"
        present = self._present()
        for part in self.parts:
            stamp = _read(self._stamps / part)
            if stamp is None:
                continue
            digest, *names = stamp.splitlines()
            if digest != self._digest(part):
                return "its lock changed"
            if gone := sorted(set(names) - present):
                return f"{gone[0]} is missing"
        if _read(self._path_file()) != self._source():
            return f"{self._path_file().name} is missing or changed"
        return ""

    def missing_parts(self) -> tuple[str, ...]:
        """The wanted parts that the environment lacks."""
        return tuple(part for part in self.parts if _read(self._stamps / part) is None)

    def begin(self) -> None:
        """Mark an installation as begun: if it is cut short, the environment is rebuilt."""
        self._stamps.mkdir(exist_ok=True)
        self._unfinished.touch()

    def finish(self, parts: Sequence[str]) -> None:
        """Stamp the environment and the installed parts."""
        self._path_file().write_text(self._source(), encoding="utf-8")
        for part in parts:
            names = sorted(set(self.brought_by(part)) & self._present())
            (self._stamps / part).write_text("\n".join([self._digest(part), *names]), encoding="utf-8")
        (self._stamps / "environment").write_text(f"{_this_python()}\n{self._whereabouts()}", encoding="utf-8")
        self._unfinished.unlink()

    def lock(self, part: str) -> Path:
        """The lock file of a part."""
        return lock_of(self.root, part)

    def site_packages(self) -> Path:
        """Where packages are installed, as the interpreter spells it."""
        return self.folder / "lib" / "python{}.{}".format(*sys.version_info[:2]) / "site-packages"

    def _path_file(self) -> Path:
        """What makes the environment's Python find this checkout's package."""
        return self.site_packages() / "topolab.pth"

    def _source(self) -> str:
        return f"{self.root / 'src'}\n"

    def _present(self) -> set[str]:
        try:
            return set(os.listdir(self.site_packages()))  # noqa: PTH208 - needs only names, at every start
        except OSError:
            return set()

    def brought_by(self, part: str) -> Iterator[str]:
        """The names in site-packages that belong to the part's distributions."""
        import importlib.metadata  # importing it takes longer than the rest of a start

        pinned = distributions_of(self.root, part)
        for found in importlib.metadata.distributions(path=[str(self.site_packages())]):
            if _normalised(found.name) in pinned:
                yield from {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}

    def _digest(self, part: str) -> str:
        digest = hashlib.sha256(self.lock(part).read_bytes())
        if part == CORE:
            digest.update((self.root / OPTIONAL_LOCK).read_bytes())
        return digest.hexdigest()

    def _whereabouts(self) -> str:
        return f"{_FORMAT}\n{self.root}\n"


def lock_of(root: Path, part: str) -> Path:
    """The lock file of a part of a checkout."""
    return root / "requirements" / f"{part}.lock"


def distributions_of(root: Path, part: str) -> set[str]:
    """The normalised names of the distributions that a part's lock pins."""
    return {_normalised(name) for name in _PIN.findall(lock_of(root, part).read_text(encoding="utf-8"))}


def _this_python() -> str:
    """The properties of the running interpreter that installed packages depend on."""
    abi = getattr(sys, "abiflags", "")
    return f"{platform.python_implementation()} {platform.python_version()}{abi} ({platform.machine()})"


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _read(path: Path) -> str | None:
    """The content of a stamp; None if it is missing or damaged. Raises `PermissionError`: nothing can be said of it."""
    try:
        return path.read_text(encoding="utf-8")
    except PermissionError:
        raise
    except (OSError, UnicodeDecodeError):
        return None
