"""Starts a new run: its record and its results folder."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from topolab.catalogue import Catalogue
from topolab.cli.arguments import Arguments
from topolab.cli.measuring import measure, prepared
from topolab.cli.planned import PlannedRun, refuse_empty
from topolab.errors import StoreError
from topolab.model.run import RunRecord
from topolab.runner import Costs
from topolab.runner.environment import describe
from topolab.store import Store

_SEED_LIMIT = 2**31


def start(arguments: Arguments, planned: PlannedRun, catalogue: Catalogue, begun: float) -> int:
    """Measure what is planned. `begun` is when the command started, on the monotonic clock."""
    refuse_empty(planned, catalogue)
    matrix, choice = planned.matrix, planned.choice
    with prepared(arguments, choice, planned.plan) as (keeper, images_s):
        started = datetime.now(UTC)
        record = RunRecord(
            id=f"{started:%Y%m%d-%H%M%S}-{matrix.name}",
            started=started.isoformat(timespec="seconds"),
            seed=random.randrange(_SEED_LIMIT) if arguments.seed is None else arguments.seed,  # noqa: S311
            rounds=planned.rounds,
            backend=choice.site.name,
            matrix=matrix.name,
            environment=describe(choice.site, planned.plan),
            plan=planned.plan,
            profiles=catalogue.profiles,
            topologies={name: topology.record for name, topology in catalogue.topologies.items()},
            drivers={name: driver.record for name, driver in catalogue.drivers.items()},
            charts=matrix.charts,
            rows=matrix.rows,
        )
        folder = _unused(arguments.out / record.id)
        with Store.create(folder, replace(record, id=folder.name)) as store:
            store.claim()
            costs = Costs(choice.site.stack_s, images_s, begun, choice.drivers)
            return measure(arguments, choice, keeper, store, costs)


def _unused(folder: Path) -> Path:
    """`folder`, with a number appended if another run started in the same second. Raises `StoreError`."""
    candidate, number = folder, 2
    try:
        while candidate.exists():
            candidate = folder.with_name(f"{folder.name}-{number}")
            number += 1
    except (OSError, ValueError) as error:  # too long, or in a folder without permission to enter
        raise StoreError(f"{folder}: the results folder cannot be created: {error}; choose another --out") from error
    return candidate
