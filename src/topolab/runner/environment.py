"""Describes what a run runs on: stored with the run, and compared before another sitting adds to it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from topolab import __version__
from topolab.backends import Site
from topolab.model.cell import Plan
from topolab.model.environment import CPUS_BY_ROLE, FILES, IMAGE_IDS, IMAGE_PARTS
from topolab.process.cpus import available_cpus

_APART = (FILES, IMAGE_IDS, IMAGE_PARTS)


def describe(site: Site, plan: Plan) -> dict[str, object]:
    """This machine, the processors by role, and what stacks run on according to the site."""
    return {**_machine(site), **site.describe(plan)}


def foresee(site: Site, plan: Plan) -> dict[str, object]:
    """The part of `describe` that is known before the site is prepared."""
    return {**_machine(site), **site.foresee(plan)}


def _machine(site: Site) -> dict[str, object]:
    return {
        "topolab": __version__,
        "cpu_model": _cpu_model(),
        "cpus": list(available_cpus()) or os.cpu_count(),
        CPUS_BY_ROLE: {role: _listed(getattr(site.cpus, role)) for role in ("client", "proxy", "server")},
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def differences(stored: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """The differences between two environments that affect figures, in words; empty if a run may continue."""
    return [*_changed_files(stored, now), *_changed(_compared(stored), _compared(now))]


def changed_in(stored: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """The same if `now` is only part of an environment: what it lacks is not compared."""
    return differences({key: value for key, value in stored.items() if key in now}, now)


def _changed_files(stored: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """The files and parts of images that changed, without their digests, which would mean nothing to a reader."""
    if FILES in now and FILES not in stored:
        return ["the run does not say which files it was measured with"]
    names = [f"{name} has changed" for name in _unequal(_values(stored, FILES), _values(now, FILES))]
    keys = _unequal(_values(stored, IMAGE_PARTS), _values(now, IMAGE_PARTS))
    return names + [f"{part} in the image {image} has changed" for image, part in (key.split(" ", 1) for key in keys)]


def _changed(was: Mapping[str, object], is_now: Mapping[str, object]) -> list[str]:
    return [f"{key} was {was.get(key)}, is {is_now.get(key)}" for key in _unequal(was, is_now)]


def _unequal(was: Mapping[str, object], is_now: Mapping[str, object]) -> list[str]:
    return [key for key in sorted({*was, *is_now}) if was.get(key) != is_now.get(key)]


def _values(environment: Mapping[str, object], name: str) -> dict[str, object]:
    found = environment.get(name)
    return dict(_flat(found)) if isinstance(found, Mapping) else {}


def _compared(environment: Mapping[str, object]) -> dict[str, object]:
    """Everything except what is compared differently, and image ids, which change with every build."""
    return dict(_flat({key: value for key, value in environment.items() if key not in _APART}))


def _flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} ")
        else:
            yield f"{prefix}{key}", value


def load_average() -> float:
    """The machine's load average over the last minute."""
    return os.getloadavg()[0]


def _cpu_model() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _listed(cpus: Iterable[int] | None) -> list[int] | None:
    return None if cpus is None else sorted(cpus)
