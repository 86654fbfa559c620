"""Times the Compose backend, and compares it with the local backend and places to make the load from.

.venv/bin/python benchmarks/containers.py                  starting, checking, removing a stack, less the server's start
.venv/bin/python benchmarks/containers.py --against-local  also the same cells on both backends, in turn
.venv/bin/python benchmarks/containers.py --places         also the same stacks loaded from a container and the host
.venv/bin/python benchmarks/containers.py --images         also the images, rebuilt without their cache

Needs an engine on this machine, on Linux. After `docker builder prune --all`, --images builds from scratch.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from topolab.backends import Backend, Stack
from topolab.backends.compose import ComposeBackend
from topolab.backends.compose.connect import connect
from topolab.backends.compose.endpoint import find_endpoint
from topolab.backends.compose.images import BASES, base_image
from topolab.backends.compose.site import ComposeSite, find_site
from topolab.backends.local.site import LocalSite
from topolab.catalogue import Catalogue, default_root, load_catalogue
from topolab.drivers.load_workers import LoadWorkers
from topolab.fetch import fetch
from topolab.launch.numbers import positive, positive_seconds
from topolab.model.cell import Cell, Plan
from topolab.model.matrix import Matrix, Selection
from topolab.model.measurement import Measurement
from topolab.model.outcome import Measured
from topolab.model.profile import ClosedLoad
from topolab.model.server import Debian
from topolab.model.target import Target, Workplace
from topolab.plan import Filters, make_plan
from topolab.process.cpus import CpuLayout, pinned
from topolab.process.group import ProcessKeeper
from topolab.process.usage import usage_between
from topolab.runner.observe import observe

ROOT = Path(__file__).resolve().parents[1]
SERVERS = ("granian-asgi", "uvicorn-httptools", "hypercorn-asyncio")
STACK_GOAL_S = 6.0
IMAGES_GOAL_S = 180.0
BUNDLE = os.environ.get("CA_BUNDLE") or os.environ.get("PIP_CERT") or "/dev/null"


def main() -> int:
    """Print a line per goal and a table per comparison; return 0 if the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=5, help="default: 5")
    parser.add_argument("--seconds", type=positive_seconds, default=2.0, help="length of each load (default: 2)")
    parser.add_argument("--against-local", action="store_true")
    parser.add_argument("--places", action="store_true")
    parser.add_argument("--images", action="store_true")
    given = parser.parse_args()
    met = [images()] if given.images else []
    catalogue = load_catalogue(default_root())
    cells = chosen(catalogue)
    here = LocalSite(catalogue)  # before this process is pinned, so that it sees every processor
    with ExitStack() as stack:
        keeper = stack.enter_context(ProcessKeeper())
        site = find_site(catalogue, None)
        site.prepare(Plan(cells, ()), keeper, print)
        backend = stack.enter_context(site.open("benchmark", keeper))
        stack.enter_context(pinned(site.cpus.client))
        met.append(up_and_down(backend, cells, given.rounds))
        bench = Bench(catalogue, keeper, site, given.rounds, given.seconds)
        if given.against_local:
            older = find_site(on_bookworm(catalogue), None)
            older.prepare(Plan(cells, ()), keeper, print)
            bench.against_local(
                {
                    "local": stack.enter_context(here.open("benchmark", keeper)),
                    "docker": backend,
                    "docker, Python 3.11": stack.enter_context(older.open("benchmark-bookworm", keeper)),
                },
                cells,
            )
        if given.places:
            bench.places(backend, cells)
    return 0 if all(met) else 1


def chosen(catalogue: Catalogue) -> tuple[Cell, ...]:
    """Some servers, direct over HTTP/1.1 and behind an ALB over HTTP/2."""
    either: dict[str, Any] = {"servers": SERVERS, "apps": ("bare",), "profiles": ("ceiling",)}
    select = (
        Selection(**either, topologies=("direct",), protocols=("http/1.1",)),
        Selection(**either, topologies=("alb",), protocols=("h2",)),
    )
    return make_plan(Matrix(name="some", summary="some", rounds=1, select=select), catalogue, Filters(), {}).cells


def on_bookworm(catalogue: Catalogue) -> Catalogue:
    """The same candidates in the image with the older Python, which shows the interpreter's share."""
    older = {
        name: replace(candidate, variant=replace(candidate.variant, debian=Debian.BOOKWORM))
        for name, candidate in catalogue.candidates.items()
    }
    return replace(catalogue, candidates=older)


def images() -> bool:
    """Time a build of every image without the previous build's cache."""
    engine = connect(find_endpoint(None))
    took = 0.0
    for debian, files, services in (
        (Debian.TRIXIE, ("base", "alb", "load"), ("server", "proxy", "load")),
        (Debian.BOOKWORM, ("base",), ("server",)),
    ):
        said = {"SERVER": "-", "APP": "-", "SERVER_DEBIAN": debian, BASES[debian]: base_image(engine, debian)}
        argv = ["docker", "compose", *(part for file in files for part in ("--file", f"compose/{file}.yaml")), "build"]
        begun = time.monotonic()
        subprocess.run(
            [*argv, "--no-cache", *services],
            cwd=ROOT,
            env={**os.environ, **said, "CA_BUNDLE": BUNDLE},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        took += time.monotonic() - begun
    print(f"all images without a cache: {took:.0f} s, goal at most {IMAGES_GOAL_S:.0f} s", flush=True)
    return took <= IMAGES_GOAL_S


def up_and_down(backend: ComposeBackend, cells: Iterable[Cell], rounds: int) -> bool:
    """Time starting, checking and removing a stack, less the server's own start."""
    overheads = []
    for _ in range(rounds):
        for cell in cells:
            begun = time.monotonic()
            with backend.stack(cell) as stack:
                assert stack.fetch("/query?id=proof", 10.0).status == 200
                own = stack.server_start_s
            overheads.append(time.monotonic() - begun - own)
    print(
        f"starting, checking and removing a stack, less the server's start: {statistics.median(overheads):.2f} s "
        f"({min(overheads):.2f}..{max(overheads):.2f}, {len(overheads)} stacks), goal at most {STACK_GOAL_S:.0f} s",
        flush=True,
    )
    return statistics.median(overheads) <= STACK_GOAL_S


class Bench:
    """The comparisons: within a round, alternatives are measured one right after the other."""

    def __init__(
        self, catalogue: Catalogue, keeper: ProcessKeeper, site: ComposeSite, rounds: int, seconds: float
    ) -> None:
        profile = catalogue.profiles["ceiling"]
        assert isinstance(profile, ClosedLoad)
        self._profile = replace(profile, duration_s=seconds, warm_up_s=0.5)
        self._keeper = keeper
        self._cpus: CpuLayout = site.cpus
        self._rounds = rounds

    def driver(self) -> LoadWorkers:
        """A separate driver for each place, so that none is restarted in between."""
        return LoadWorkers(self._keeper, self._keeper.folder / "client.log", self._cpus.client)

    def against_local(self, backends: Mapping[str, Backend], cells: Iterable[Cell]) -> None:
        """CPU per response and rate of the same cells on each backend, as ratios to the round's first."""
        drivers = {name: self.driver() for name in backends}
        names = list(backends)
        print(f"\neach / {names[0]}, medians over {self._rounds} rounds (least..most): CPU per response, and the rate")
        for cell in cells:
            found: dict[str, dict[str, list[float]]] = {name: {} for name in names[1:]}
            for number in range(self._rounds):
                values = {}
                for name in names[number % len(names) :] + names[: number % len(names)]:
                    outcome = observe(cell, number, backends[name], self._profile, drivers[name].measure)[0].outcome
                    assert isinstance(outcome, Measured), outcome
                    values[name] = costs(outcome)
                for name in names[1:]:
                    for key, value in values[name].items():
                        found[name].setdefault(key, []).append(value / values[names[0]][key])
            for name in names[1:]:
                print(f"  {cell.id:44} {name:20} {ratios(found[name])}", flush=True)

    def places(self, docker: ComposeBackend, cells: Iterable[Cell]) -> None:
        """The same stack, loaded from a container on its network and from the host. It publishes no ports."""
        drivers = {"container": self.driver(), "host": self.driver()}
        print("\nfrom the host / from a container, medians over rounds (least..most)")
        for cell in cells:
            found: dict[str, list[float]] = {}
            for number in range(self._rounds):
                with docker.stack(cell) as stack:
                    measured = {}
                    ways = list(self._ways(stack).items())
                    for name, (target, workplace) in ways[number % 2 :] + ways[: number % 2]:
                        measured[name] = self._loaded(stack, target, workplace, drivers[name])
                for key, value in measured["host"].items():
                    found.setdefault(key, []).append(value / measured["container"][key])
            print(f"  {cell.id:45} {ratios(found)}", flush=True)

    def _ways(self, stack: Stack) -> Mapping[str, tuple[Target, Workplace]]:
        around = stack.around  # type: ignore[attr-defined]
        here = replace(stack.edge, ca_file=around.certificate.authority)
        assert fetch(here, "/healthz", 5.0).status == 200
        return {
            "container": (stack.edge, stack.workplace("curl")),
            "host": (here, around.here),
        }

    def _loaded(self, stack: Stack, target: Target, workplace: Workplace, driver: LoadWorkers) -> dict[str, float]:
        usage = []
        read: Callable[[], None] = lambda: usage.append(stack.server_usage())  # noqa: E731
        measurement: Measurement = driver.measure(
            target, workplace, self._profile, read, read, lambda _name, _content: None
        )
        server = usage_between(usage[0], usage[1])
        assert server is not None
        good = measurement.good_responses
        return {
            "rate": measurement.requests_per_second or 0.0,
            "server CPU": server.cpu_s / good,
            "client CPU": measurement.client_cpu_s / good,
        }


def costs(outcome: Measured) -> dict[str, float]:
    """CPU per response of each part, and the rate."""
    good = outcome.measurement.good_responses
    parts = {"server CPU": outcome.server_usage, "proxy CPU": outcome.proxy_usage}
    found = {name: usage.cpu_s / good for name, usage in parts.items() if usage is not None}
    return {**found, "rate": outcome.measurement.requests_per_second or 0.0}


def ratios(found: Mapping[str, list[float]]) -> str:
    """Format each ratio's median and range."""
    return "  ".join(
        f"{name} {statistics.median(values):.2f} ({min(values):.2f}..{max(values):.2f})"
        for name, values in found.items()
    )


if __name__ == "__main__":
    sys.exit(main())
