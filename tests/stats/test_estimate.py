"""The exact bootstrap of the median, against resampling and hand-computed cases."""

from __future__ import annotations

import random
from statistics import median

import pytest

from topolab.stats.estimate import Estimate, estimate, range_coverage


def test_no_samples_give_no_estimate() -> None:
    assert estimate([]) is None


def test_one_sample_is_its_own_interval() -> None:
    assert estimate([3.0]) == Estimate(3.0, 3.0, 3.0, (3.0,))


def test_samples_are_kept_in_round_order() -> None:
    found = estimate([3.0, 1.0, 2.0])
    assert found == Estimate(2.0, 1.0, 3.0, (3.0, 1.0, 2.0))


def test_five_rounds_give_the_whole_range() -> None:
    """P(median of a resample of 5 is the least) = P(Binomial(5, 1/5) >= 3) = 0.058, above the tail of 0.025."""
    found = estimate([10.0, 20.0, 30.0, 40.0, 50.0])
    assert found is not None
    assert (found.low, found.high) == (10.0, 50.0)


def test_seven_rounds_exclude_the_extremes() -> None:
    """P(Binomial(7, 1/7) >= 4) = 0.010, below the tail of 0.025."""
    found = estimate([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    assert found is not None
    assert (found.low, found.high) == (2.0, 6.0)


@pytest.mark.parametrize("count", [2, 3, 4, 6, 7, 8, 11, 16])
def test_the_exact_interval_is_the_limit_of_resampling(count: int) -> None:
    source = random.Random(count)
    samples = [source.lognormvariate(0, 1) for _ in range(count)]
    found = estimate(samples)
    resampled = sorted(median(source.choices(samples, k=count)) for _ in range(40_000))
    assert found is not None
    # A resampled quantile may be a neighbouring value: allow those one per mille to either side.
    assert resampled[960] <= found.low <= resampled[1_040]
    assert resampled[-1_041] <= found.high <= resampled[-961]


def test_the_range_of_three_contains_the_median_three_times_in_four() -> None:
    assert range_coverage(3) == 0.75
    source = random.Random(7)
    held = sum(min(draws) < 0 < max(draws) for draws in ([source.gauss(0, 1) for _ in range(3)] for _ in range(20_000)))
    assert held / 20_000 == pytest.approx(0.75, abs=0.02)
