"""Paired ratios between cells, the run's noise floor, and the verdict the two give together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf

from topolab.stats.estimate import Estimate, estimate

ByRound = Mapping[int, float]
"""One figure of one cell, by round."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a cell's figure relates to another's, paired per round. `shown` says the difference is not noise."""

    ratio: Estimate
    shown: bool


def compare(figures: ByRound, baseline: ByRound, noise_floor: float | None) -> Comparison | None:
    """The ratio to `baseline` over the rounds both have; None where there are none.

    A difference is shown where the ratio's interval lies on one side of 1 and the ratio is further from 1 than a
    cell was from itself. Without a noise floor the interval alone decides. One round shows nothing.
    """
    ratio = estimate(_ratios(figures, baseline))
    if ratio is None:
        return None
    apart = len(ratio.samples) > 1 and (ratio.low > 1 or ratio.high < 1)
    return Comparison(ratio, apart and _distance(ratio.median) > (noise_floor or 0.0))


def noise_floor(pairs: Iterable[tuple[ByRound, ByRound]]) -> float | None:
    """How far a cell was from itself: the largest distance from 1 of the A/A pairs' median ratios.

    Medians, because it is compared with medians. As a fraction; None without a pair that was measured. What the
    verdict makes of it, false alarms and differences found, is what benchmarks/verdicts.py estimates.
    """
    ratios = [estimate(_ratios(first, second)) for first, second in pairs]
    return max((_distance(ratio.median) for ratio in ratios if ratio is not None), default=None)


def _distance(ratio: float) -> float:
    """How far a ratio is from 1, the same whichever of the two is the first: half and double are both 1.0."""
    return max(ratio, 1 / ratio) - 1 if ratio > 0 else inf


def _ratios(figures: ByRound, baseline: ByRound) -> list[float]:
    return [figures[r] / baseline[r] for r in sorted(figures) if baseline.get(r)]
