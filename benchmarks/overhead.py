"""Measures how fast topolab itself is: planning, reporting, the talk's page, and a run's overhead.

python3 benchmarks/overhead.py            planning and reporting: takes seconds
python3 benchmarks/overhead.py --page     also the page of 24 x 3 s: takes a minute
python3 benchmarks/overhead.py --default  also the default matrix: takes five minutes
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # they are in the environment, which is made when this runs
    from topolab.model.outcome import Observation
    from topolab.model.run import RunRecord

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
LOCAL = ["--backend", "local"]
COMMAND = [sys.executable, str(ROOT / "scripts" / "run_matrix.py")]
CELLS = 1000
ROUNDS = 3


def main() -> int:
    """Print a line per goal; return 0 if all are met."""
    from topolab.launch.numbers import positive

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--default", action="store_true")
    parser.add_argument("--repeat", type=positive, default=5, help="repetitions of the short benchmarks (default: 5)")
    given = parser.parse_args()
    met = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        met.append(show("start, --list", seconds(["--list", *LOCAL], given.repeat), 0.5))
        planned = ["--matrix", "full", "--only", "profile=ceiling", "--only", "profile=page-24", "--dry-run", *LOCAL]
        met.append(show("--dry-run of 1,058 cells", seconds(planned, given.repeat), 1.0))
        stored = ["--resume", str(store_of_a_thousand(folder)), "--quiet"]
        met.append(show(f"report from {CELLS} stored cells, {ROUNDS} rounds", seconds(stored, given.repeat), 3.0))
        if given.page:
            met += page(folder / "page")
        if given.default:
            met.append(overhead(folder / "default"))
    return 0 if all(met) else 1


def seconds(arguments: list[str], repeat: int) -> list[float]:
    """The wall time of each run of the whole command, in seconds."""
    times = []
    for _ in range(repeat):
        begun = time.monotonic()
        subprocess.run([*COMMAND, *arguments], stdout=subprocess.DEVNULL, check=True)
        times.append(time.monotonic() - begun)
    return times


def show(what: str, values: list[float], at_most: float, unit: str = "s") -> bool:
    """Print a line with median, range and goal."""
    middle = statistics.median(values)
    print(
        f"{what}: {middle:.3g} {unit} ({min(values):.3g}..{max(values):.3g}), goal at most {at_most:g} {unit}",
        flush=True,
    )
    return middle <= at_most


def store_of_a_thousand(folder: Path) -> Path:
    """Make a finished run of the goal's size from invented figures, so that `--resume` only has to report it."""
    from topolab.backends.local.site import LocalSite
    from topolab.catalogue import default_root, load_catalogue
    from topolab.model.run import RunRecord
    from topolab.plan import Filters, make_plan
    from topolab.runner.environment import describe
    from topolab.store import Store

    catalogue = load_catalogue(default_root())
    site = LocalSite(catalogue)
    plan = make_plan(catalogue.matrices["full"], catalogue, Filters(), site.unavailable())
    plan = replace(plan, cells=plan.cells[:CELLS])
    record = RunRecord(
        id="thousand",
        started="2026-11-24T00:00:00+00:00",
        seed=1,
        rounds=ROUNDS,
        backend="local",
        matrix="full",
        environment=describe(site, plan),
        plan=plan,
        profiles=catalogue.profiles,
        topologies={name: topology.record for name, topology in catalogue.topologies.items()},
        drivers={name: driver.record for name, driver in catalogue.drivers.items()},
    )
    with Store.create(folder / "thousand", record) as store:
        for observation in observations(record):
            store.add(observation)
    return folder / "thousand"


def observations(record: RunRecord) -> Iterator[Observation]:
    """Invent observations for every cell and round of the record's plan."""
    from topolab.model.measurement import Measurement
    from topolab.model.outcome import GroupUsage, Measured, Observation, SeenHop, Timings

    source = random.Random(1)
    for number in range(1, record.rounds + 1):
        for cell in record.plan.cells:
            rate = source.uniform(1e3, 2e4)
            kind = record.profiles[cell.combination.profile].kind
            measurement = Measurement(
                seconds=0.6,
                good_responses=round(rate),
                bad_responses={},
                responses_in_window=round(rate),
                requests_per_second=None if kind == "page" else rate,
                page_seconds=source.uniform(1, 5) if kind == "page" else None,
                p50_ms=source.uniform(1, 5) if kind == "open" else None,
                p99_ms=source.uniform(5, 50) if kind == "mixed" else None,
                client_cpu_s=0.3,
                client_wall_s=0.6,
                client_connections=32,
                client_protocols={"h2": round(rate)},
                origin_protocols={"h2": round(rate)},
                origin_connections=32,
                series=tuple(round(rate / 6) for _ in range(6)),
            )
            hops = tuple(
                SeenHop(
                    source=h.source,
                    target=h.target,
                    protocol=h.leg.protocol,
                    tls=h.leg.transport.encrypted,
                    connections=32,
                )
                for h in cell.hops
            )
            usage = GroupUsage(cpu_s=source.uniform(0.1, 0.6), memory_peak_bytes=source.randrange(20, 80) * 2**20)
            outcome = Measured(measurement=measurement, hops=hops, server_usage=usage)
            yield Observation(cell_id=cell.id, round=number, outcome=outcome, timings=Timings(), argv={})


def page(out: Path) -> list[bool]:
    """The talk's page on Hypercorn, direct: ideally 12 s over HTTP/1.1 and 3 s over HTTP/2."""
    results = run(["--matrix", "page-3s", "--only", "topology=direct", "--rounds", "3"], out)
    met = []
    for cell in results["cells"]:
        ideal, tolerance = (12.0, 0.02) if cell["client_protocol"] == "http/1.1" else (3.0, 0.05)
        off = [100 * abs(value / ideal - 1) for value in cell["page_seconds"]["samples"]]
        met.append(show(f"page-24, {cell['client_protocol']}, off {ideal:g} s by", off, 100 * tolerance, "%"))
    return met


def overhead(out: Path) -> bool:
    """The default matrix: the share of its wall time that is not load, warm-up or server start."""
    from topolab.report import read_report
    from topolab.report.notes import where_the_time_went
    from topolab.store import Store

    run([], out)
    (folder,) = out.iterdir()
    with Store.open(folder) as store:
        report = read_report(store)
    print(where_the_time_went(report))
    wall_s = sum(sitting.wall_s for sitting in report.sittings)
    useful_s = sum(o.timings.load_s + o.timings.warm_up_s + o.timings.server_start_s for o in report.observations)
    within = show("default matrix", [wall_s], 300)
    return show("topolab's own share of the wall time", [100 * (1 - useful_s / wall_s)], 10, "%") and within


def run(arguments: list[str], out: Path) -> dict[str, Any]:
    """Read a run's results.json."""
    command = [*COMMAND, *LOCAL, *arguments, "--json", "--quiet", "--out", str(out)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    results: dict[str, Any] = json.loads(done.stdout)
    return results


if __name__ == "__main__":
    from bootstrap import EVERYTHING, ensure_environment

    ensure_environment(EVERYTHING)
    sys.exit(main())
