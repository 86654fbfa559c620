"""Measures how often the verdict on a difference is wrong, and how often it finds one, with a run's own noise.

    .venv/bin/python benchmarks/verdicts.py results/<run id>

Draws two visits per round from the run's deviations from each cell's median, as for two cells that do not differ. Asks
for the verdict, with a noise floor from as many such pairs as the matrix has, then again with a difference built in.
"""

from __future__ import annotations

import argparse
import math
import random
from pathlib import Path

from topolab.model.outcome import Measured
from topolab.report import read_report
from topolab.stats.compare import compare, noise_floor
from topolab.stats.figures import figures
from topolab.store import Store

DRAWS = 4000
EFFECTS = (1.0, 1.1, 1.2, 1.3, 1.5, 2.0)
ByRound = dict[int, float]


def main() -> None:
    """Print a line per figure: the share of "shown" verdicts, by the size of the true difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    with Store.open(parser.parse_args().run) as store:
        report = read_report(store)
    pairs = sum(1 for cell in report.summary.cells if cell.combination.replica)
    print(f"{pairs} A/A pairs, {report.record.rounds} rounds; share of differences shown, by their true size:")
    for name in ("requests_per_second", "server_cpu_us_per_request"):
        noise: dict[int, list[float]] = {}
        for observation in report.observations:
            if isinstance(observation.outcome, Measured):
                value = figures(observation.outcome, observation.cell_id)[name]
                centre = next(c for c in report.summary.cells if c.combination.id == observation.cell_id).estimates[
                    name
                ]
                if value and centre:
                    noise.setdefault(observation.round, []).append(math.log(value / centre.median))
        shares = ", ".join(f"x{effect:g} {100 * shown(noise, pairs, effect):.0f}%" for effect in EFFECTS)
        print(f"{name}: {shares}")


def shown(noise: dict[int, list[float]], pairs: int, effect: float) -> float:
    """The share of drawn pairs that the verdict calls different if one is `effect` times the other."""
    source = random.Random(1)
    found = 0
    for _ in range(DRAWS):
        floor = noise_floor(drawn(noise, source) for _ in range(pairs))
        figure, baseline = drawn(noise, source)
        comparison = compare({number: effect * value for number, value in figure.items()}, baseline, floor)
        found += comparison is not None and comparison.shown
    return found / DRAWS


def drawn(noise: dict[int, list[float]], source: random.Random) -> tuple[ByRound, ByRound]:
    """Draw two visits per round that differ only by noise."""
    picked = {number: source.sample(values, 2) for number, values in noise.items()}
    first = {number: math.exp(values[0]) for number, values in picked.items()}
    return first, {number: math.exp(values[1]) for number, values in picked.items()}


if __name__ == "__main__":
    main()
