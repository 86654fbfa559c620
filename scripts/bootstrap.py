"""Gives the scripts their own environment, `.venv` with the requested parts, and re-executes in it.

Standard library only. This file and the scripts stay readable to an old interpreter, which prints a sentence instead
of a traceback.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an old interpreter must understand this
    sys.exit("topolab: needs Python 3.11 or later, and this is {}.{}".format(*sys.version_info[:2]))

import os
from collections.abc import Iterable
from pathlib import Path

from installed import CORE, EXTRAS, ROOT, Installed
from wanted_extras import wanted_extras

__all__ = ["EVERYTHING", "INTERRUPTED", "ROOT", "ensure_environment", "wanted_extras"]

INTERRUPTED = 130
EVERYTHING = (*EXTRAS, "dev")


def ensure_environment(extras: Iterable[str] = ()) -> None:
    """Return inside `.venv`, with the core and these extras installed from their lock files.

    Parts are added on request. The environment is rebuilt if it does not fit: made by another Python, from another
    lock, incomplete, or with something missing.
    """
    found = Installed(ROOT, (CORE, *sorted(set(extras))))
    foreign = os.environ.pop("PYTHONPATH", "")  # its modules must not replace those of the environment
    inside = Path(sys.prefix).resolve() == found.folder.resolve()
    if _ready(found):
        if not inside or foreign:
            _execute(found.python)
        return
    if inside:  # the environment cannot be rebuilt under its running interpreter: return to the one that made it
        _execute(sys._base_executable)  # type: ignore[attr-defined]
    from installing import SetupError, add_parts

    try:
        add_parts(found)
    except SetupError as error:
        sys.exit(f"topolab: set-up failed: {error}")
    except KeyboardInterrupt:
        print("\ntopolab: set-up interrupted; the next command starts it again", file=sys.stderr)
        sys.exit(INTERRUPTED)
    _execute(found.python)


def _ready(found: Installed) -> bool:
    """Whether nothing has to be installed."""
    try:
        return not (found.unfit() or found.missing_parts())
    except OSError as error:  # made by another user, for that user alone
        sys.exit(
            f"topolab: set-up failed: cannot read {error.filename} ({error.strerror}); run it as the user who owns the "
            "checkout, or clone it where you have write access"
        )


def _execute(python: Path | str) -> None:
    """Become `python` with the same script, arguments and isolation."""
    for name in ("PYTHONHOME", "__PYVENV_LAUNCHER__"):  # either makes the environment's Python use another installation
        os.environ.pop(name, None)
    isolation = ["-I"] if sys.flags.isolated else ["-P"] if getattr(sys.flags, "safe_path", False) else []
    os.execv(python, [str(python), *isolation, *sys.argv])
