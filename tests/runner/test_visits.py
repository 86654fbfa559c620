"""The order of visits: every cell once per round, shuffled by seed and round."""

from __future__ import annotations

from dataclasses import replace

from topolab.catalogue import Catalogue
from topolab.model.run import RunRecord
from topolab.plan import Filters, make_plan
from topolab.runner import visits


def record(catalogue: Catalogue, seed: int) -> RunRecord:
    return RunRecord(
        id="x",
        started="2026-11-24T00:00:00+00:00",
        seed=seed,
        rounds=3,
        backend="local",
        matrix="default",
        environment={},
        plan=make_plan(catalogue.matrices["default"], catalogue, Filters(), {}),
        profiles=catalogue.profiles,
        topologies={name: topology.record for name, topology in catalogue.topologies.items()},
    )


def test_every_round_visits_every_cell_once_in_a_new_order(catalogue: Catalogue) -> None:
    run = record(catalogue, 1)
    orders = {number: [cell.id for n, cell in visits(run) if n == number] for number in (1, 2, 3)}
    planned = [cell.id for cell in run.plan.cells]
    assert all(sorted(order) == sorted(planned) for order in orders.values())
    assert len({tuple(order) for order in [planned, *orders.values()]}) == 4


def test_the_order_follows_from_the_seed(catalogue: Catalogue) -> None:
    assert list(visits(record(catalogue, 1))) == list(visits(record(catalogue, 1)))
    assert list(visits(record(catalogue, 1))) != list(visits(record(catalogue, 2)))


def test_more_rounds_do_not_change_the_earlier_ones(catalogue: Catalogue) -> None:
    run = record(catalogue, 1)
    assert list(visits(replace(run, rounds=5)))[: 3 * len(run.plan.cells)] == list(visits(run))
