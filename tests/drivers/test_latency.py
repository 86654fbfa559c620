"""The histogram of latencies."""

from __future__ import annotations

import pytest

from topolab.drivers.latency import latency_histogram, percentiles_ms


def test_latencies_beyond_the_histogram_are_counted_in_its_end_bins() -> None:
    histogram = latency_histogram([0, 500, 90_000_000])

    assert histogram.get_total_count() == 3
    assert histogram.get_value_at_percentile(50) == 500
    assert histogram.get_max_value() == pytest.approx(60_000_000, rel=1e-3)


def test_percentiles_are_milliseconds_of_real_requests() -> None:
    histogram = latency_histogram(range(1, 101))

    assert percentiles_ms(histogram) == {"p50_ms": 0.05, "p90_ms": 0.09, "p99_ms": 0.099}
