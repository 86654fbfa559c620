"""The system's programs that some apps need beside Python: skipped without, except where all is required, as in CI."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from support.engines import skip_or_fail


def missing_programs(programs: Iterable[str]) -> list[str]:
    """Those that are not on PATH."""
    return [program for program in programs if shutil.which(program) is None]


def require_programs(programs: Iterable[str]) -> None:
    """Skip the test where one is missing; where an engine is required, so are they."""
    if missing := missing_programs(programs):
        skip_or_fail(f"not on PATH: {', '.join(missing)}")
