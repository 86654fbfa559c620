"""The median of a few rounds and its bootstrap interval, computed exactly instead of by resampling.

The bootstrap distribution of a sample median has a closed form (Efron 1979; Maritz and Jarrett 1978): the k-th smallest
of n draws is at or below x(i) when at least k draws are, which is binomial with i/n. So no random numbers are needed,
the same samples always give the same interval, and a thousand cells take no time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import comb
from statistics import median

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """The median over rounds, the ends of its bootstrap interval, and every sample in round order."""

    median: float
    low: float
    high: float
    samples: tuple[float, ...]


def estimate(samples: Iterable[float], confidence: float = CONFIDENCE) -> Estimate | None:
    """Median and bootstrap percentile interval of the median; None without samples.

    Below six samples the interval is the whole range, and covers the true median less often than `confidence`:
    see `range_coverage`.
    """
    kept = tuple(samples)
    if not kept:
        return None
    tail = (1 - confidence) / 2
    weighted = sorted((value, weight) for value, weight in _bootstrap_medians(sorted(kept)) if weight > 0)
    low = _quantile(weighted, tail)
    high = -_quantile(sorted((-value, weight) for value, weight in weighted), tail)
    return Estimate(median(kept), low, high, kept)


def range_coverage(rounds: int) -> float:
    """How often the range of so many samples contains the true median: 1 - 2 (1/2)^n."""
    return 1 - 2 * 0.5**rounds


def _quantile(weighted: Sequence[tuple[float, float]], probability: float) -> float:
    """The smallest value that at least `probability` of the weight lies at or below."""
    total = 0.0
    for value, weight in weighted:
        total += weight
        if total >= probability:
            return value
    return weighted[-1][0]


def _bootstrap_medians(ordered: Sequence[float]) -> list[tuple[float, float]]:
    """Every median that a resample can have, with its probability."""
    return [((ordered[i] + ordered[j]) / 2, weight) for i, j, weight in _middle_pairs(len(ordered))]


@cache
def _middle_pairs(n: int) -> list[tuple[int, int, float]]:
    """The positions of a resample's two middle values (the same one for odd n), with their probability."""
    if n % 2:
        at_or_below = [_at_least(n, n // 2 + 1, i / n) for i in range(n + 1)]
        return [(i, i, at_or_below[i + 1] - at_or_below[i]) for i in range(n)]
    half = n // 2
    pairs = []
    # Different middle values x(i) < x(j): half of the draws at or below x(i) with x(i) among them, half at or above
    # x(j) with x(j) among them.
    for i in range(n):
        below = ((i + 1) / n) ** half - (i / n) ** half
        for j in range(i + 1, n):
            above = ((n - j) / n) ** half - ((n - j - 1) / n) ** half
            pairs.append((i, j, comb(n, half) * below * above))
    # The same middle value: what remains of the lower one's own probability.
    lower = [_at_least(n, half, i / n) for i in range(n + 1)]
    for i in range(n):
        apart = sum(weight for first, _, weight in pairs if first == i)
        pairs.append((i, i, lower[i + 1] - lower[i] - apart))
    return [(i, j, max(0.0, weight)) for i, j, weight in pairs]


def _at_least(n: int, k: int, p: float) -> float:
    """P(Binomial(n, p) >= k)."""
    return sum(comb(n, m) * p**m * (1 - p) ** (n - m) for m in range(k, n + 1))
