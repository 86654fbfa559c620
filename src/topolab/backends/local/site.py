"""This machine as a place for stacks: which candidates are installed, and which topologies its proxies support."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from topolab.backends.local.backend import LocalBackend
from topolab.backends.local.proxies import Proxies, find_proxies
from topolab.backends.packages import drivers_used, missing_packages, packages_used
from topolab.backends.used_files import used_files
from topolab.catalogue import Catalogue
from topolab.distributions import installed_version, not_installed
from topolab.drivers.registry import missing_tools, tool_versions
from topolab.errors import InputError
from topolab.model.cell import Plan
from topolab.model.environment import FILES
from topolab.process.cpus import CpuLayout, available_cpus, cpu_layout
from topolab.process.group import ProcessKeeper
from topolab.process.ports import loopback_trouble
from topolab.process.usage import counters_available

_OWN_PACKAGES = ("pycurl",)
_STACK_S = 0.4


class LocalSite:
    """Processes on loopback; `backends.Site` documents the members."""

    name = "local"

    def __init__(self, catalogue: Catalogue, proxies: Proxies | None = None) -> None:
        self._catalogue = catalogue
        self._proxies = proxies or find_proxies(catalogue)
        self.cpus: CpuLayout = cpu_layout(available_cpus())
        self._files: Mapping[str, str] = {}

    @property
    def stack_s(self) -> float:
        """Starting and ending a stack and proving its hops: 0.26 s in the default matrix, more with a framework."""
        return _STACK_S

    @property
    def about(self) -> str:
        """A short name for this place."""
        return "local processes"

    def unavailable(self) -> Mapping[str, str]:
        """What candidates and apps lack, topologies without a proxy, and tools that are not installed."""
        absent = missing_packages(self._catalogue, lambda package: installed_version(package) is not None)
        remedies = {c.name: c.variant.missing_reason for c in self._catalogue.candidates.values()}
        reasons = {name: not_installed(name, packages, remedies.get(name, "")) for name, packages in absent.items()}
        for app in self._catalogue.apps.values():
            for companion in app.companions:
                if companion.program and shutil.which(companion.program) is None:
                    reasons[app.name] = (
                        f"{app.name} needs {companion.program}, which is not on PATH: "
                        f"install the package {companion.package}, or use --backend docker"
                    )
        return {**reasons, **self._proxies.lacking(self._catalogue), **missing_tools(self._catalogue.drivers)}

    def due(self, plan: Plan) -> Sequence[str]:  # noqa: ARG002
        """Nothing is built here."""
        return ()

    def foresee(self, plan: Plan) -> Mapping[str, object]:
        """Everything: there is nothing to prepare."""
        return self.describe(plan)

    def prepare(self, plan: Plan, keeper: ProcessKeeper, say: Callable[[str], None]) -> float:  # noqa: ARG002
        """Make nothing. Raises `InputError` if loopback does not work."""
        if trouble := loopback_trouble():
            raise InputError(trouble)
        return 0.0

    def describe(self, plan: Plan) -> Mapping[str, object]:
        """The interpreter, the proxies, versions of the plan's packages and tools, and digests of its files."""
        import pycurl

        packages = packages_used(self._catalogue, plan)
        used = drivers_used(self._catalogue, plan.cells)
        proxies = [proxy.binary.package for proxy in self._catalogue.proxies.values() if proxy.binary]
        tools = tool_versions(self._catalogue.drivers, used)
        driving = [package for name in used for package in self._catalogue.drivers[name].packages]
        own = (*_OWN_PACKAGES, *filter(None, proxies), *driving)
        self._files = used_files(self._catalogue, plan.cells)
        return {
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "kernel_counters": counters_available(),
            **{name: build.version for name, build in self._proxies.builds.items()},
            "libcurl": pycurl.version,
            **({"tools": tools} if tools else {}),
            "packages": {name: installed_version(name) for name in sorted({*packages, *own})},
            FILES: self._files,
        }

    def open(self, run_id: str, keeper: ProcessKeeper) -> AbstractContextManager[LocalBackend]:  # noqa: ARG002
        """The backend. It needs no run id, because nothing outlives the keeper."""
        return LocalBackend(self._catalogue, self._proxies, keeper, self.cpus, self._files)
