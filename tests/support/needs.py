"""Requirements beyond the lock files: without them tests are skipped, or fail if all is required."""

from __future__ import annotations

import os

import pytest

REQUIRED = "TOPOLAB_REQUIRE_ALL"
"""Set in CI: every test's requirements must be met."""


def skip_or_fail(reason: str) -> None:
    """Skip the test for `reason`, which says how to make it run; fail it where everything is required."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason} ({REQUIRED} is set)")
    pytest.skip(reason)


def skips_by_reason(reports: list[pytest.TestReport]) -> list[str]:
    """One line per reason for skips, the most frequent first: `12 tests: REASON`."""
    counts: dict[str, int] = {}
    for report in reports:
        # A skip's long form is its file, its line and its reason.
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        counts[reason] = counts.get(reason, 0) + 1
    by_count = sorted(counts.items(), key=lambda item: -item[1])
    return [f"{count} test{'s' if count > 1 else ''}: {reason}" for reason, count in by_count]
