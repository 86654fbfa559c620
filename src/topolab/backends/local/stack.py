"""One cell's processes on loopback: a port each, a server, a proxy where the topology has one, and their logs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from topolab.backends.local.certificate import CertificateFiles
from topolab.backends.local.nginx import Nginx
from topolab.catalogue import Catalogue
from topolab.errors import StageError
from topolab.fetch import FetchError, fetch
from topolab.model.cell import Cell
from topolab.model.load import EDGE_NAME, Target
from topolab.model.outcome import GroupUsage, Stage
from topolab.model.protocol import ClientProtocol
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessGroup, ProcessKeeper
from topolab.process.ports import LOOPBACK, ReservedPort
from topolab.process.usage import group_usage

READY_DEADLINE_S = 20.0
_ATTEMPT_TIMEOUT_S = 5.0
_POLL_S = 0.005
_ANNOUNCEMENT = '{"argv": '


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
        self._server_port = resources.enter_context(ReservedPort()).number
        self._proxy: ProcessGroup | None = None
        begun = time.monotonic()
        self.server = self._start(resources, "server", self._server_argv(), around.cpus.server)
        client = cell.combination.client_protocol
        port = self._server_port
        if len(cell.hops) > 1:
            port = resources.enter_context(ReservedPort()).number
            self._proxy = self._start(resources, "proxy", self._proxy_argv(port), around.cpus.proxy)
        self.edge = self._target(port, client, cell.h2_alone)
        last = cell.hops[-1].leg
        own = next(c for c in ClientProtocol if (c.protocol, c.transport) == (last.protocol, last.transport))
        # Asking over the very leg the load will use proves the transport of the last hop.
        self._await(
            self.server, lambda: fetch(self._target(self._server_port, own), "/healthz", _ATTEMPT_TIMEOUT_S).status
        )
        self.server_start_s = time.monotonic() - begun
        if self._proxy is not None:
            self._await(self._proxy, lambda: fetch(self.edge, "/healthz", _ATTEMPT_TIMEOUT_S).status)

    @property
    def argv(self) -> Mapping[str, tuple[str, ...]]:
        """The exact command line of each part, as its launcher announced it."""
        return {group.name: _announced(group)[0] for group in self._groups()}

    def server_usage(self) -> GroupUsage | None:
        """What the server's group has used so far."""
        return group_usage(self.server.pgid)

    def proxy_usage(self) -> GroupUsage | None:
        """What the proxy's group has used so far."""
        return None if self._proxy is None else group_usage(self._proxy.pgid)

    def log_tail(self) -> str:
        """The end of each part's log."""
        tails = ((group.name, _announced(group)[1]) for group in self._groups())
        return "\n".join(f"[{name}]\n{tail}" for name, tail in tails if tail)

    def trouble(self) -> str:
        """Which part has ended by itself."""
        return "; ".join(
            f"the {group.name} {_ending(code)}" for group in self._groups() if (code := group.exit_code()) is not None
        )

    def _groups(self) -> tuple[ProcessGroup, ...]:
        return (self.server,) if self._proxy is None else (self.server, self._proxy)

    def _start(self, resources: ExitStack, name: str, argv: list[str], cpus: frozenset[int] | None) -> ProcessGroup:
        keeper = self._around.keeper
        group = keeper.start(name, argv, self._folder / f"{name}.log", cpus=cpus)
        resources.callback(keeper.end, group)
        return group

    def _target(self, port: int, client: ClientProtocol, h2_alone: bool = False) -> Target:
        authority = self._around.certificate.authority if client.transport.encrypted else None
        return Target(LOOPBACK, port, client, ca_file=authority, h2_alone=h2_alone)

    def _server_argv(self) -> list[str]:
        root, files = self._around.catalogue.root, self._around.certificate
        combination = self._cell.combination
        return [
            *(sys.executable, "-I", str(root / "servers" / "serve.py"), combination.server),
            *("--app", combination.app, "--interface", combination.interface.value),
            *("--listener", self._cell.listener.value, "--host", LOOPBACK, "--port", str(self._server_port)),
            *("--cert", str(files.chain), "--key", str(files.key)),
        ]

    def _proxy_argv(self, edge_port: int) -> list[str]:
        catalogue, files = self._around.catalogue, self._around.certificate
        topology = catalogue.topologies[self._cell.combination.topology]
        values = {
            "EDGE_HOST": LOOPBACK,
            "EDGE_PORT": str(edge_port),
            "SERVER_HOST": LOOPBACK,
            "SERVER_PORT": str(self._server_port),
            "SERVER_SCHEME": "https" if self._cell.listener.encrypted else "http",
            "SERVER_NAME": EDGE_NAME,
            "CERT": str(files.chain),
            "KEY": str(files.key),
            **topology.values,
        }
        folder = catalogue.root / "nginx"
        return [
            *(sys.executable, "-I", str(folder / "start.py"), str(folder / topology.template)),
            *("--nginx", self._around.nginx.path, "--prefix", str(self._folder / "nginx")),
            *(f"--set={key}={value}" for key, value in values.items()),
        ]

    def _await(self, group: ProcessGroup, ask: Callable[[], int]) -> None:
        """Ask until any answer comes. What it says is for the proof of the hops to judge."""
        deadline = time.monotonic() + READY_DEADLINE_S
        while True:
            try:
                ask()
                return
            except FetchError as error:
                code = group.exit_code()
                if code is not None:
                    message = f"the {group.name} {_ending(code)} before it answered"
                    raise StageError(Stage.START, message, self.log_tail()) from error
                if time.monotonic() > deadline:
                    message = f"no answer from the {group.name} within {READY_DEADLINE_S:.0f} s: {error}"
                    raise StageError(Stage.READY, message, self.log_tail()) from error
            time.sleep(_POLL_S)


def _announced(group: ProcessGroup) -> tuple[tuple[str, ...], str]:
    """The argv that the launcher wrote into the log before it became the program, and the rest of the log's end."""
    argv, rest = group.argv, []
    for line in group.log_tail().splitlines():
        if line.startswith(_ANNOUNCEMENT):
            argv = tuple(json.loads(line)["argv"])
        else:
            rest.append(line)
    return argv, "\n".join(rest)


def _ending(code: int) -> str:
    return f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"
