"""Without pinning and counters, as on macOS, a cell is measured, with nulls for the rest."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from topolab.backends.local.backend import LocalBackend
from topolab.backends.local.proxies import find_proxies
from topolab.catalogue import Catalogue
from topolab.drivers.load_workers import LoadWorkers
from topolab.model.outcome import Measured
from topolab.model.profile import ClosedLoad
from topolab.plan import Filters, make_plan
from topolab.process import usage
from topolab.process.cpus import available_cpus, can_pin, cpu_layout
from topolab.process.group import ProcessKeeper
from topolab.process.usage import counters_available, group_usage
from topolab.runner.observe import observe
from topolab.stats.figures import figures


def test_a_cell_is_measured_without_pinning_and_counters(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_setaffinity")
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(usage, "_PROC", tmp_path / "no-proc")
    assert (can_pin(), counters_available(), available_cpus(), group_usage(os.getpgrp())) == (False, False, (), None)
    layout = cpu_layout(available_cpus())
    assert (layout.client, layout.proxy, layout.server) == (None, None, None)
    only = Filters.parse(["server=hypercorn-asyncio", "topology=alb", "protocol=h2"], catalogue)
    (cell,) = make_plan(catalogue.matrices["smoke"], catalogue, only, {}).cells
    profile = catalogue.profiles["ceiling"]
    assert isinstance(profile, ClosedLoad)
    with ProcessKeeper() as keeper, LocalBackend(catalogue, find_proxies(catalogue), keeper, layout) as backend:
        driver = LoadWorkers(keeper, tmp_path / "client.log", layout.client)
        outcome = observe(cell, 1, backend, replace(profile, duration_s=0.3), driver.measure)[0].outcome
    assert isinstance(outcome, Measured)
    found = figures(outcome, "spam")
    assert [name for name, value in found.items() if value is not None] == [
        "requests_per_second",
        "client_cpu_us_per_request",
    ]


@pytest.mark.parametrize(
    ("cpus", "client", "proxy", "server"),
    [((0,), 0, 0, 0), ((0, 1), 1, 0, 0), ((2, 3, 5), 5, 3, 2), (tuple(range(16)), 15, 1, 0)],
)
def test_the_client_has_a_processor_of_its_own_where_there_are_two(
    cpus: tuple[int, ...], client: int, proxy: int, server: int
) -> None:
    layout = cpu_layout(cpus)
    assert (layout.client, layout.proxy, layout.server) == ({client}, {proxy}, {server})
