"""Which distributions are installed beside this package, and the line that installs those that are not."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

_OWN = "topolab"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"""extra\s*==\s*["']([A-Za-z0-9._-]+)["']""")


def installed_version(distribution: str) -> str | None:
    """The installed version of a distribution; None where it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def missing(distributions: Iterable[str]) -> tuple[str, ...]:
    """Those that are not installed."""
    return tuple(name for name in distributions if installed_version(name) is None)


def not_installed(who: str, absent: Iterable[str], remedy: str = "") -> str:
    """The sentence for `who`, which needs what is absent, and what to do: `remedy`, or the line that installs it."""
    names = tuple(absent)
    return f"{who} needs {', '.join(names)}, not installed here: {remedy or install_line(names)}"


def install_line(distributions: Iterable[str]) -> str:
    """The command that installs distributions into this environment: by the extra that brings them, where one does."""
    names = tuple(distributions)
    extras = sorted({extra for name, extra in _extras() if name in {_normalised(n) for n in names}})
    wanted = [f"{_OWN}[{','.join(extras)}]"] if extras else list(names)
    return f"{_python()} -m pip install {shlex.join(wanted)}"


def _extras() -> Iterator[tuple[str, str]]:
    """Each distribution of an extra of ours, with the extra. A checkout has none: its scripts install them."""
    try:
        declared = requires(_OWN) or ()
    except PackageNotFoundError:
        return
    for requirement in declared:
        name, extra = _NAME.match(requirement), _EXTRA.search(requirement)
        if name and extra:
            yield _normalised(name[0]), extra[1]


def _python() -> str:
    """What a shell calls this interpreter: `python3` where that is the one on PATH."""
    found = shutil.which("python3")
    same = found is not None and Path(found).parent.resolve() == Path(sys.executable).parent.resolve()
    return "python3" if same else shlex.quote(sys.executable)


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
