"""The sentences around the tables: how to read them, what was skipped or failed, and where the time went."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from topolab.model.environment import CPUS_BY_ROLE, FROM_THIS_MACHINE, LOAD_FROM
from topolab.model.outcome import Measured
from topolab.model.run import DriverRecord
from topolab.model.server import PART_NAMES
from topolab.report.format import duration, percent
from topolab.report.report import Report
from topolab.report.tables import MARKS
from topolab.stats.estimate import CONFIDENCE, range_coverage
from topolab.stats.summary import CellSummary
from topolab.stats.warnings import Warning

_FULL_INTERVAL_ROUNDS = 6


def reading(report: Report) -> list[str]:
    """How to read the tables of this run."""
    rounds = max((cell.rounds for cell in report.summary.cells), default=0)
    floor = report.summary.noise_floor
    lines = []
    if any(group.competing for group in report.groups):
        lines.append("Bold: the best in its column, and rows statistically indistinguishable from it.")
    if rounds < 2:
        lines.append("One round gives no interval; use --rounds 6 or more before you choose by these figures.")
    elif rounds < _FULL_INTERVAL_ROUNDS:
        lines.append(
            f"± covers all {rounds} rounds, a range that contains the true median {percent(range_coverage(rounds))} "
            f"of the time; use --rounds {_FULL_INTERVAL_ROUNDS} or more for {percent(CONFIDENCE)}."
        )
    else:
        lines.append(f"± is the farther end of the {percent(CONFIDENCE)} bootstrap interval of the median.")
    if floor is not None:
        cpu = report.summary.noise_floors.get("server_cpu_us_per_request")
        cpu_too = f", and in CPU per response by up to {percent(cpu)}" if cpu is not None else ""
        far = f"{percent(floor)} (median over rounds){cpu_too}"
        lines.append(f"Noise floor: cells measured twice differed from themselves by up to {far}.")
    elif rounds >= 2:
        lines.append("Noise floor: unknown, because this run measured no cell twice.")
    if _share_one_processor(report.record.environment):
        lines.append(
            "One processor: client, proxy and server took turns on it, so rates and times include the work of all "
            "three; compare CPU per response, or measure again with two or more processors."
        )
    seen = {cell.combination.profile for cell in report.summary.cells if cell.rounds}
    blind = {report.record.profiles[name].driver for name in _profiles_without_headers(report)}
    if blind:
        lines.append(
            f"{', '.join(sorted(blind))} sees no headers: the protocol of the hop to the app was checked with one "
            "request before and one after each load, not in every response."
        )
    lines += _said_of(report, seen)
    used = {warning for cell in report.summary.cells for warning in cell.warnings}
    lines += [f"{MARKS[warning]} {warning.value}." for warning in Warning if warning in used and warning in MARKS]
    lines += [f"{warning.value}." for warning in Warning if warning in used and warning not in MARKS]
    return lines


def _share_one_processor(environment: Mapping[str, object]) -> bool:
    """Whether the client ran on the server's processor, by the run's environment."""
    roles = environment.get(CPUS_BY_ROLE)
    if not isinstance(roles, Mapping) or environment.get(LOAD_FROM) == FROM_THIS_MACHINE:
        return False
    return bool(roles.get("server")) and roles.get("server") == roles.get("client")


def _said_of(report: Report, profiles: set[str]) -> list[str]:
    """What the measured loads and their drivers say about reading their figures, each once."""
    loads = [report.record.profiles[name] for name in sorted(profiles)]
    drivers = [report.record.drivers.get(load.driver, DriverRecord()) for load in loads]
    said = [what.reading for pair in zip(loads, drivers, strict=True) for what in pair]
    return list(dict.fromkeys(filter(None, said)))


def _profiles_without_headers(report: Report) -> set[str]:
    """The measured profiles whose driver saw no response's headers, by what it could not count."""
    profiles = {cell.id: cell.combination.profile for cell in report.record.plan.cells}
    return {
        profiles[o.cell_id]
        for o in report.observations
        if isinstance(o.outcome, Measured) and o.outcome.measurement.origin_protocols is None
    }


def skipped(report: Report) -> list[str]:
    """Every reason for skips, with the number of cells."""
    counts: dict[str, int] = defaultdict(int)
    for cell in report.summary.cells:
        if cell.status == "skipped":
            counts[cell.reason] += 1
    return [f"{reason} ({count} cells)" if count > 1 else reason for reason, count in counts.items()]


@dataclass(frozen=True, slots=True)
class Failure:
    """The cells that failed for one reason, and the end of the first log."""

    reason: str
    cell_ids: tuple[str, ...]
    log: str


def failed(report: Report) -> list[Failure]:
    """Every reason for failures."""
    by_reason: dict[str, list[CellSummary]] = defaultdict(list)
    for cell in report.summary.cells:
        if cell.status == "failed":
            by_reason[cell.reason].append(cell)
    return [
        Failure(reason, tuple(cell.combination.id for cell in cells), cells[0].log)
        for reason, cells in by_reason.items()
    ]


def where_the_time_went(report: Report) -> str:
    """What the wall time was spent on; empty if nothing was run."""
    wall_s = sum(sitting.wall_s for sitting in report.sittings)
    if not wall_s:
        return ""
    images_s = sum(sitting.images_s for sitting in report.sittings)
    parts = {
        **({"images built": images_s} if images_s else {}),
        "load": sum(o.timings.load_s for o in report.observations),
        "warm-up": sum(o.timings.warm_up_s for o in report.observations),
        "server start": sum(o.timings.server_start_s for o in report.observations),
    }
    own_s = wall_s - sum(parts.values())
    spent = ", ".join(f"{name} {duration(seconds)}" for name, seconds in parts.items())
    return f"{duration(wall_s)} in total: {spent}, topolab itself {duration(own_s)} ({percent(own_s / wall_s)})."


def differences_from_aws(report: Report) -> list[tuple[str, tuple[str, ...]]]:
    """For each topology of the run, where the AWS original behaves differently."""
    used = dict.fromkeys(c.combination.topology for c in report.summary.cells if c.status != "skipped")
    topologies = (report.record.topologies[name] for name in used)
    return [(topology.name, topology.does_not_mimic) for topology in topologies if topology.does_not_mimic]


def command_lines(report: Report) -> dict[str, str]:
    """The command lines of each server's last start, by name, listener and settings, and of each app's companions."""
    cells = {cell.id: cell for cell in report.record.plan.cells}
    found = {}
    for observation in report.observations:
        cell = cells[observation.cell_id]
        for part, argv in observation.argv.items():
            if part == "server":
                name = (cell.combination.server, cell.listener.value, *cell.combination.settings_labels)
                found[" ".join(name)] = shlex.join(argv)
            elif part not in PART_NAMES:
                found[f"{cell.combination.app} {part}"] = shlex.join(argv)
    return dict(sorted(found.items()))
