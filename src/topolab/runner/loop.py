"""The one loop: every round visits every cell, each round in its own order, and commits each observation at once."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from topolab.backends import Backend
from topolab.drivers.registry import Drivers
from topolab.model.cell import Cell
from topolab.model.run import RunRecord, Sitting
from topolab.plan.estimate import expected_s
from topolab.process.neighbours import Watch
from topolab.runner.environment import load_average
from topolab.runner.observe import Measure, observe
from topolab.runner.progress import Progress
from topolab.store import Store


def visits(record: RunRecord) -> Iterator[tuple[int, Cell]]:
    """Yield every cell of the plan in every round, in a random order that seed and round number determine."""
    for round_number in range(1, record.rounds + 1):
        order = list(record.plan.cells)
        random.Random(f"{record.seed}/{round_number}").shuffle(order)  # noqa: S311 - an order, not a secret
        for cell in order:
            yield round_number, cell


def left_to_do(store: Store) -> list[tuple[int, Cell]]:
    """The visits that the store has no observation of, in order."""
    done = {(o.round, o.cell_id) for o in store.observations()}
    return [(number, cell) for number, cell in visits(store.record) if (number, cell.id) not in done]


@dataclass(frozen=True, slots=True)
class Costs:
    """What takes a sitting's time apart from loads: each stack, and what happened before the first visit.

    `begun` is when the sitting started, on the monotonic clock. Since then, building images has taken `images_s`.
    """

    stack_s: float
    images_s: float
    begun: float
    drivers: Drivers


def run(store: Store, backend: Backend, measure: Measure, progress: Progress, costs: Costs, watch: Watch) -> None:
    """Make every observation that the store lacks, and store how long the sitting took, however it ends.

    `measure` may call `watch.look` during a load.
    """
    record = store.record
    load_before = load_average()
    todo = left_to_do(store)
    planned = record.rounds * len(record.plan.cells)
    profiles = [record.profiles[cell.combination.profile] for _, cell in todo]
    expected = [
        expected_s(cell, profile, costs.stack_s, costs.drivers)
        for (_, cell), profile in zip(todo, profiles, strict=True)
    ]
    remaining_s, spent_s, elapsed_s = sum(expected), 0.0, 0.0

    def account() -> Sitting:
        wall_s = time.monotonic() - costs.begun
        return Sitting(wall_s=wall_s, load_before=load_before, load_after=load_average(), images_s=costs.images_s)

    try:
        with progress:
            for index, (number, cell) in enumerate(todo):
                # Assume that the estimate will be wrong by the same factor as so far.
                pace = elapsed_s / spent_s if spent_s else 1.0
                progress.step(cell, number, planned - len(todo) + index, planned, remaining_s * pace)
                profile = record.profiles[cell.combination.profile]
                watch.begin()
                observation, files = observe(cell, number, backend, profile, measure)
                observation = replace(observation, disturbed=watch.disturbed())
                store.add(observation, account(), files)
                remaining_s -= expected[index]
                spent_s += expected[index]
                elapsed_s += observation.timings.total_s
    finally:
        store.keep_sitting(account())
