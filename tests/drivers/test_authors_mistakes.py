"""A mistake in a worker is explained to its author, and not as what the harness happened to notice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.catalogue_drivers import WORKER, Load
from topolab.model.outcome import Stage
from topolab.process.group import ProcessKeeper

ORDER = "`do` must call gate.warm() before the load and gate.loaded() after it"
RETURNS = "return Measurement(seconds=1, good_responses=1, bad_responses={}, responses_in_window=1, "
RATE = "requests_per_second=1)"


@pytest.fixture
def keeper() -> Iterator[ProcessKeeper]:
    with ProcessKeeper() as keeper:
        yield keeper


@pytest.mark.parametrize(
    ("right", "wrong", "stage", "message"),
    [
        (
            "\n\nserve(do)",
            "",
            Stage.WARM_UP,
            "the load worker ended before it read a job; its __main__.py must call serve(do)",
        ),
        ("    gate.warm()\n", "", Stage.WARM_UP, f"the load worker sent Loaded instead of Warm: {ORDER}"),
        ("    gate.loaded()\n", "", Stage.LOAD, f"the load worker sent Measured instead of Loaded: {ORDER}"),
        (f"{RETURNS}{RATE}", "", Stage.LOAD, "`do` must return a Measurement, not None"),
        (f"{RETURNS}{RATE}", "return 'spam'", Stage.LOAD, "`do` must return a Measurement, not 'spam'"),
        (
            RATE,
            'requests_per_second=float("nan"))',
            Stage.LOAD,
            "the requests_per_second of the Measurement that `do` returned is not a number: nan",
        ),
        (
            RATE,
            'requests_per_second=1, p50_ms=float("inf"))',
            Stage.LOAD,
            "the p50_ms of the Measurement that `do` returned is not a finite number: inf",
        ),
    ],
    ids=["no-serve", "no-warm", "no-loaded", "nothing-returned", "text-returned", "nan", "infinite"],
)
def test_a_workers_mistake_is_explained(
    right: str, wrong: str, stage: Stage, message: str, tmp_path: Path, keeper: ProcessKeeper
) -> None:
    assert right in WORKER
    load = Load(tmp_path, keeper, WORKER.replace(right, wrong))
    for _ in range(2):
        failure = load.failure()
        assert (failure.stage, failure.message) == (stage, message)
