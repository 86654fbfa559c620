"""Paired ratios between cells, the noise floor of a run, and whether a difference is more than noise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf

from topolab.stats.estimate import Estimate, estimate

ByRound = Mapping[int, float]
"""One figure of one cell, by round."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The ratio of two cells' figures, paired by round. `shown` says that the difference is more than noise."""

    ratio: Estimate
    shown: bool


def compare(figures: ByRound, baseline: ByRound, noise_floor: float | None) -> Comparison | None:
    """The ratio to `baseline` over the rounds that both have; None if there are none.

    A difference is shown if the interval of the ratio is on one side of 1, and the ratio is further from 1 than the
    noise floor. Without a noise floor, the interval alone decides. A single round shows nothing.
    """
    ratio = estimate(_ratios(figures, baseline))
    if ratio is None:
        return None
    apart = len(ratio.samples) > 1 and (ratio.low > 1 or ratio.high < 1)
    return Comparison(ratio, apart and _distance(ratio.median) > (noise_floor or 0.0))


def noise_floor(pairs: Iterable[tuple[ByRound, ByRound]]) -> float | None:
    """How far a cell was from itself: the largest distance from 1 among the median ratios of the A/A pairs.

    It is made of medians because it is compared with medians. A fraction; None if no pair was measured.
    benchmarks/verdicts.py estimates how many false alarms it causes, and how many differences it lets through.
    """
    ratios = [estimate(_ratios(first, second)) for first, second in pairs]
    return max((_distance(ratio.median) for ratio in ratios if ratio is not None), default=None)


def _distance(ratio: float) -> float:
    """How far a ratio is from 1. Half and double are equally far: 1.0."""
    return max(ratio, 1 / ratio) - 1 if ratio > 0 else inf


def _ratios(figures: ByRound, baseline: ByRound) -> list[float]:
    return [figures[r] / baseline[r] for r in sorted(figures) if baseline.get(r)]
