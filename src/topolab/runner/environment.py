"""What a run ran on: recorded with it, and compared before another sitting adds to it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from topolab import __version__
from topolab.backends import Site
from topolab.model.cell import Plan
from topolab.process.cpus import available_cpus


def describe(site: Site, plan: Plan) -> dict[str, object]:
    """This machine, the processors by role, and what the site says that stacks run on."""
    return {
        "topolab": __version__,
        "cpu_model": _cpu_model(),
        "cpus": list(available_cpus()) or os.cpu_count(),
        "cpus_by_role": {role: _listed(getattr(site.cpus, role)) for role in ("client", "proxy", "server")},
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        **site.describe(plan),
    }


def differences(stored: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """What differs between two environments, in words; empty where a run may go on."""
    was, is_now = dict(_flat(stored)), dict(_flat(now))
    keys = [key for key in sorted({*was, *is_now}) if was.get(key) != is_now.get(key)]
    return [f"{key} was {was.get(key)}, is {is_now.get(key)}" for key in keys]


def _flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} ")
        else:
            yield f"{prefix}{key}", value


def load_average() -> float:
    """The machine's load over the last minute."""
    return os.getloadavg()[0]


def _cpu_model() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _listed(cpus: Iterable[int] | None) -> list[int] | None:
    return None if cpus is None else sorted(cpus)
