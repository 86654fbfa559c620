"""Latencies as an HdrHistogram, the form in which every driver keeps them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from hdrh.histogram import HdrHistogram

LONGEST_US = 60_000_000
SERIES_SLICE_S = 0.1
"""Good responses are counted in slices of this length, to show whether the rate was steady."""


def latency_histogram(took_us: Iterable[int]) -> Any:
    """An HdrHistogram in microseconds; values are clamped to between a microsecond and a minute."""
    histogram = HdrHistogram(1, LONGEST_US, 3)
    for us, count in Counter(took_us).items():
        histogram.record_value(min(max(us, 1), LONGEST_US), count)
    return histogram


def percentiles_ms(histogram: Any) -> dict[str, Any]:
    """The three percentiles that a `Measurement` has, by its field names."""
    return {f"p{p}_ms": histogram.get_value_at_percentile(p) / 1000 for p in (50, 90, 99)}
