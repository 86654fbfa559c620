"""The system's programs that some apps need."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from support.needs import skip_or_fail


def missing_programs(programs: Iterable[str]) -> list[str]:
    """The programs that are not on PATH."""
    return [program for program in programs if shutil.which(program) is None]


def require_programs(programs: Iterable[str]) -> None:
    """Skip the test where one is missing, or fail it where everything is required."""
    if missing := missing_programs(programs):
        skip_or_fail(f"{', '.join(missing)} must be on PATH (on Debian: sudo apt-get install {' '.join(missing)})")
