"""Checks which distributions are installed with this package, and gives the command that installs the others."""

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
    """The installed version of a distribution; None if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def missing(distributions: Iterable[str]) -> tuple[str, ...]:
    """The distributions that are not installed."""
    return tuple(name for name in distributions if installed_version(name) is None)


def not_installed(who: str, absent: Iterable[str], remedy: str = "") -> str:
    """Say that `who` needs what is absent, and what to do: `remedy`, or the command that installs it."""
    names = tuple(absent)
    return f"{who} needs {', '.join(names)}, not installed here: {remedy or install_line(names)}"


def install_line(distributions: Iterable[str]) -> str:
    """The command that installs distributions into this environment: our extras that include them, if there are any."""
    names = tuple(distributions)
    extras = sorted({extra for name, extra in _extras() if name in {_normalised(n) for n in names}})
    wanted = [f"{_OWN}[{','.join(extras)}]"] if extras else list(names)
    return f"{_python()} -m pip install {shlex.join(wanted)}"


def _extras() -> Iterator[tuple[str, str]]:
    """Each distribution in one of our extras, with that extra. None in a checkout, where the scripts install them."""
    try:
        declared = requires(_OWN) or ()
    except PackageNotFoundError:
        return
    for requirement in declared:
        name, extra = _NAME.match(requirement), _EXTRA.search(requirement)
        if name and extra:
            yield _normalised(name[0]), extra[1]


def _python() -> str:
    """This interpreter as a shell command: `python3` if that is the one on PATH."""
    found = shutil.which("python3")
    same = found is not None and Path(found).parent.resolve() == Path(sys.executable).parent.resolve()
    return "python3" if same else shlex.quote(sys.executable)


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
