"""One cell's processes on loopback: a server, its app's companions, a proxy where the topology has one, their logs."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from topolab.backends.certificate import CertificateFiles
from topolab.backends.launcher_log import split_log
from topolab.backends.local.nginx import Nginx
from topolab.backends.readiness import ATTEMPT_TIMEOUT_S, Part, await_answer, await_work, last_hop_client
from topolab.catalogue import Catalogue
from topolab.fetch import Response, fetch
from topolab.model.cell import Cell
from topolab.model.driver import Driver
from topolab.model.outcome import GroupUsage
from topolab.model.protocol import ClientProtocol
from topolab.model.server import Companion
from topolab.model.target import EDGE_NAME, Target, Workplace
from topolab.process.child import ending_of
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessGroup, ProcessKeeper
from topolab.process.ports import LOOPBACK, ReservedPort
from topolab.process.usage import group_usage, usage_sum


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every stack of a run shares."""

    catalogue: Catalogue
    keeper: ProcessKeeper
    nginx: Nginx
    certificate: CertificateFiles
    cpus: CpuLayout


class LocalStack:
    """A stack of process groups; `backends.Stack` says what its members mean.

    Made inside an `ExitStack`, which ends the groups and frees the ports when the cell is done.
    """

    def __init__(self, cell: Cell, around: Surroundings, folder: Path, resources: ExitStack) -> None:
        self._cell = cell
        self._around = around
        self._folder = folder
        self._app = around.catalogue.apps[cell.combination.app]
        self._server_port = resources.enter_context(ReservedPort()).number
        self._broker_port = resources.enter_context(ReservedPort()).number if self._app.companions else None
        self._proxy: ProcessGroup | None = None
        begun = time.monotonic()
        # On the server's processors: what is handed over is the deployment's work too.
        self.companions = tuple(
            self._start(resources, companion.name, self._companion_argv(companion), around.cpus.server)
            for companion in self._app.companions
        )
        self.server = self._start(resources, "server", self._server_argv(), around.cpus.server)
        client = cell.combination.client_protocol
        port = self._server_port
        if len(cell.hops) > 1:
            port = resources.enter_context(ReservedPort()).number
            self._proxy = self._start(resources, "proxy", self._proxy_argv(port), around.cpus.proxy)
        self.edge = self._target(port, client, cell.h2_alone)
        own = self._target(self._server_port, last_hop_client(cell))
        await_answer(self._part(self.server), lambda: fetch(own, "/healthz", ATTEMPT_TIMEOUT_S))
        if self.companions:
            await_work(
                [self._part(group) for group in self.companions], lambda path: fetch(own, path, ATTEMPT_TIMEOUT_S)
            )
        self.server_start_s = time.monotonic() - begun
        if self._proxy is not None:
            await_answer(self._part(self._proxy), lambda: fetch(self.edge, "/healthz", ATTEMPT_TIMEOUT_S))

    def workplace(self, driver: Driver) -> Workplace:  # noqa: ARG002
        """This machine, for all."""
        return Workplace((), sys.executable, str(self._around.catalogue.root))

    @property
    def argv(self) -> Mapping[str, tuple[str, ...]]:
        """The exact command line of each part, as its launcher announced it."""
        return {group.name: split_log(group.log_tail())[0] or group.argv for group in self._groups()}

    def fetch(self, path: str, timeout_s: float) -> Response:
        """One request through the edge."""
        return fetch(self.edge, path, timeout_s)

    def server_usage(self) -> GroupUsage | None:
        """What the groups of server and companions have used so far."""
        return usage_sum(group_usage(group.pgid) for group in (self.server, *self.companions))

    def proxy_usage(self) -> GroupUsage | None:
        """What the proxy's group has used so far."""
        return None if self._proxy is None else group_usage(self._proxy.pgid)

    def log_tail(self) -> str:
        """The end of each part's log."""
        tails = ((group.name, split_log(group.log_tail())[1]) for group in self._groups())
        return "\n".join(f"[{name}]\n{tail}" for name, tail in tails if tail)

    def trouble(self) -> str:
        """Which part has ended by itself."""
        return "; ".join(f"the {group.name} {ending}" for group in self._groups() if (ending := _ending(group)))

    def _part(self, group: ProcessGroup) -> Part:
        return Part(group.name, lambda: _ending(group), self.log_tail)

    def _groups(self) -> tuple[ProcessGroup, ...]:
        return (self.server, *self.companions, *([self._proxy] if self._proxy else []))

    def _start(self, resources: ExitStack, name: str, argv: list[str], cpus: frozenset[int] | None) -> ProcessGroup:
        keeper = self._around.keeper
        group = keeper.start(name, argv, self._folder / f"{name}.log", cpus=cpus)
        resources.callback(keeper.end, group)
        return group

    def _target(self, port: int, client: ClientProtocol, h2_alone: bool = False) -> Target:
        authority = self._around.certificate.authority if client.transport.encrypted else None
        return Target(LOOPBACK, port, client, ca_file=authority, h2_alone=h2_alone)

    def _launcher(self) -> list[str]:
        broker = [] if self._broker_port is None else ["--broker", f"{LOOPBACK}:{self._broker_port}"]
        return [sys.executable, "-I", str(self._around.catalogue.root / "servers" / "serve.py"), *broker]

    def _companion_argv(self, companion: Companion) -> list[str]:
        where = ("--host", LOOPBACK, "--port", str(self._broker_port)) if companion.listens else ()
        return [*self._launcher(), "--companion", companion.name, "--app", self._app.name, *where]

    def _server_argv(self) -> list[str]:
        files, combination = self._around.certificate, self._cell.combination
        return [
            *(*self._launcher(), combination.server),
            *("--app", combination.app, "--interface", combination.interface.value),
            *("--listener", self._cell.listener.value, "--host", LOOPBACK, "--port", str(self._server_port)),
            *("--cert", str(files.chain), "--key", str(files.key)),
        ]

    def _proxy_argv(self, edge_port: int) -> list[str]:
        root, files = self._around.catalogue.root, self._around.certificate
        return [
            *(sys.executable, "-I", str(root / "nginx" / "start.py"), self._cell.combination.topology),
            *("--nginx", self._around.nginx.path, "--prefix", str(self._folder / "nginx")),
            *("--edge-host", LOOPBACK, "--edge-port", str(edge_port)),
            *("--server-host", LOOPBACK, "--server-port", str(self._server_port), "--server-name", EDGE_NAME),
            *("--listener", self._cell.listener.value, "--cert", str(files.chain), "--key", str(files.key)),
        ]


def _ending(group: ProcessGroup) -> str:
    code = group.exit_code()
    return "" if code is None else ending_of(code)
