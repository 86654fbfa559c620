"""Usages of several groups add up only where each is known."""

from __future__ import annotations

import pytest

from topolab.model.outcome import GroupUsage
from topolab.process.usage import usage_sum


def used(cpu_s: float, memory_peak_bytes: int | None) -> GroupUsage:
    return GroupUsage(cpu_s=cpu_s, memory_peak_bytes=memory_peak_bytes)


@pytest.mark.parametrize(
    ("parts", "together"),
    [
        ([used(1.5, 10)], used(1.5, 10)),
        ([used(1.5, 10), used(0.25, 0), used(2.0, 5)], used(3.75, 15)),
        ([used(1.5, 10), used(0.25, None)], used(1.75, None)),
        ([used(1.5, 10), None], None),
        ([None], None),
    ],
)
def test_several_groups_are_counted_as_one(parts: list[GroupUsage | None], together: GroupUsage | None) -> None:
    assert usage_sum(parts) == together
