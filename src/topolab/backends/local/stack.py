"""One cell's processes on loopback: a server, its app's companions, a proxy if any, and their logs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from topolab.backends.certificate import CertificateFiles
from topolab.backends.local.proxies import Proxies
from topolab.backends.readiness import (
    ATTEMPT_TIMEOUT_S,
    IN_FOREGROUND,
    Part,
    await_good_answer,
    await_work,
    last_hop_client,
)
from topolab.catalogue import Catalogue
from topolab.errors import StageError
from topolab.fetch import Response, fetch
from topolab.launch.apps import CompanionRequest, launch_companion
from topolab.launch.program import Launch, Place, place_here
from topolab.launch.proxies import ProxyRequest, launch_proxy
from topolab.launch.servers import ServerRequest, launch_server
from topolab.model.cell import Cell
from topolab.model.outcome import GroupUsage, Stage
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
    """What all stacks of a run share."""

    catalogue: Catalogue
    keeper: ProcessKeeper
    proxies: Proxies
    certificate: CertificateFiles
    cpus: CpuLayout


class LocalStack:
    """A stack of process groups; `backends.Stack` documents the members.

    It is made inside an `ExitStack`, which ends the groups and frees the ports when the cell is done.
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
        # On the server's processors: work handed to a companion is still the deployment's work.
        self.companions = tuple(
            self._start(resources, companion.name, self._companion(companion), around.cpus.server)
            for companion in self._app.companions
        )
        self.server = self._start(resources, "server", self._server(), around.cpus.server)
        client = cell.combination.client_protocol
        port = self._server_port
        if len(cell.hops) > 1:
            port = resources.enter_context(ReservedPort()).number
            self._proxy = self._start_proxy(resources, port)
        self.edge = self._target(port, client, cell.h2_alone)
        own = self._target(self._server_port, last_hop_client(cell))
        limit_s = around.catalogue.start_timeout_s(cell.combination)
        server = self._part(self.server, self._server_port)
        await_good_answer(server, lambda path: fetch(own, path, ATTEMPT_TIMEOUT_S), limit_s)
        if self.companions:
            parts = [self._part(group) for group in self.companions]
            await_work(parts, lambda path: fetch(own, path, ATTEMPT_TIMEOUT_S), limit_s)
        self.server_start_s = time.monotonic() - begun
        if self._proxy is not None:
            proxy = self._part(self._proxy, port)
            await_good_answer(proxy, lambda path: self.fetch(path, ATTEMPT_TIMEOUT_S), limit_s)
        if trouble := self.trouble():  # a daemon answers although the started process has ended
            raise StageError(Stage.START, trouble, self.log_tail())

    def workplace(self, driver: str) -> Workplace:  # noqa: ARG002
        """This machine, for all drivers."""
        return Workplace((), sys.executable, str(self._around.catalogue.root))

    @property
    def argv(self) -> Mapping[str, tuple[str, ...]]:
        """The exact command line of each part."""
        return {group.name: group.argv for group in self._groups()}

    def fetch(self, path: str, timeout_s: float) -> Response:
        """Send one request through the edge."""
        return fetch(self.edge, path, timeout_s)

    def server_usage(self) -> GroupUsage | None:
        """What the server's and companions' groups have used so far."""
        return usage_sum(group_usage(group.pgid) for group in (self.server, *self.companions))

    def proxy_usage(self) -> GroupUsage | None:
        """What the proxy's group has used so far."""
        return None if self._proxy is None else group_usage(self._proxy.pgid)

    def log_tail(self) -> str:
        """The end of each part's log."""
        tails = ((group.name, group.log_tail()) for group in self._groups())
        return "\n".join(f"[{name}]\n{tail}" for name, tail in tails if tail)

    def trouble(self) -> str:
        """Which part has ended by itself."""
        return "; ".join(f"the {group.name} {ending}" for group in self._groups() if (ending := _ending(group)))

    def _part(self, group: ProcessGroup, port: int | None = None) -> Part:
        return Part(group.name, lambda: _ending(group), self.log_tail, port)

    def _groups(self) -> tuple[ProcessGroup, ...]:
        return (self.server, *self.companions, *([self._proxy] if self._proxy else []))

    def _start(
        self,
        resources: ExitStack,
        name: str,
        launch: Launch,
        cpus: frozenset[int] | None,
        folder: Path | None = None,
    ) -> ProcessGroup:
        keeper, log = self._around.keeper, self._folder / f"{name}.log"
        try:
            group = keeper.start(name, launch.argv, log, cpus=cpus, env=launch.environment, cwd=folder)
        except OSError as error:
            message = f"the {name} cannot be started: {launch.argv[0]}: {error.strerror}"
            raise StageError(Stage.START, message) from error
        resources.callback(keeper.end, group)
        return group

    def _target(self, port: int, client: ClientProtocol, h2_alone: bool = False) -> Target:
        authority = self._around.certificate.authority if client.transport.encrypted else None
        return Target(LOOPBACK, port, client, ca_file=authority, h2_alone=h2_alone)

    @property
    def _place(self) -> Place:
        return place_here(self._around.catalogue.root)

    def _companion(self, companion: Companion) -> Launch:
        where = {"host": LOOPBACK, "port": str(self._broker_port)} if companion.listens else {}
        request = CompanionRequest(self._app.name, companion.name, broker=self._broker, **where)
        return launch_companion(self._around.catalogue.root, request, self._place, os.environ)

    def _server(self) -> Launch:
        files, combination = self._around.certificate, self._cell.combination
        candidate = self._around.catalogue.candidates[combination.server]
        request = ServerRequest(
            candidate.server.name,
            combination.app,
            self._cell.listener.value,
            LOOPBACK,
            str(self._server_port),
            variant=candidate.variant.name,
            interface=combination.interface.value,
            cert=str(files.chain),
            key=str(files.key),
            broker=self._broker,
        )
        return launch_server(self._around.catalogue.root, request, self._place, os.environ)

    @property
    def _broker(self) -> str:
        return "" if self._broker_port is None else f"{LOOPBACK}:{self._broker_port}"

    def _start_proxy(self, resources: ExitStack, edge_port: int) -> ProcessGroup:
        around, topology = self._around, self._cell.combination.topology
        proxy = around.catalogue.topologies[topology].proxy
        files, build = around.certificate, around.proxies.builds.get(proxy)
        request = ProxyRequest(
            topology,
            self._cell.listener.value,
            LOOPBACK,
            str(edge_port),
            server_host=LOOPBACK,
            server_port=str(self._server_port),
            server_name=EDGE_NAME,
            cert=str(files.chain),
            key=str(files.key),
            binary=build.path if build else "",
        )
        wanted = launch_proxy(around.catalogue.root, request, self._place, os.environ)
        prefix = self._folder / proxy
        wanted.write(prefix)
        return self._start(resources, "proxy", wanted.launch, around.cpus.proxy, prefix)


def _ending(group: ProcessGroup) -> str:
    code = group.exit_code()
    if group.in_background():
        return f"moved to the background ({IN_FOREGROUND})"
    return "" if code is None else ending_of(code)
