"""One cell's containers: a Compose project with a server, its app's companions, and a proxy if the topology has one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from topolab.backends.certificate import CertificateFiles
from topolab.backends.compose.composer import Composer, explain
from topolab.backends.compose.counters import container_usage
from topolab.backends.compose.engine import Container, Engine
from topolab.backends.compose.images import Image, companion_image, proxy_image, server_image
from topolab.backends.compose.load_generator import AUTHORITY, LoadGenerator
from topolab.backends.readiness import (
    ATTEMPT_TIMEOUT_S,
    Part,
    await_good_answer,
    await_work,
    ended_early,
    last_hop_client,
)
from topolab.catalogue import Catalogue
from topolab.errors import EngineError, StageError
from topolab.fetch import FetchError, Response, fetch
from topolab.launch.proxies import ends_tls as proxy_ends_tls
from topolab.launch.proxying import foresee_proxy
from topolab.launch.serving import foresee
from topolab.model.cell import Cell
from topolab.model.contract import HOP_PATH
from topolab.model.outcome import GroupUsage, Stage
from topolab.model.protocol import ClientProtocol, Transport
from topolab.model.server import Debian
from topolab.model.target import Target, Workplace
from topolab.process.usage import usage_sum

SERVER_PORT, EDGE_PORT = 8000, 8443
"""Inside the networks, as in compose/base.yaml and compose/proxy.yaml."""
_PORTS = {"server": SERVER_PORT, "proxy": EDGE_PORT}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all stacks of a sitting share.

    Without a `generator`, the load comes from this machine, `here`, through ports published on `edge_address`.
    `variables` has the Compose files' variables that are the same for all cells, and `images` the ids of the stacks'
    images.
    """

    catalogue: Catalogue
    engine: Engine
    composer: Composer
    generator: LoadGenerator | None
    here: Workplace
    edge_address: str
    certificate: CertificateFiles
    variables: Mapping[str, str]
    images: Mapping[Image, str]


class ComposeStack:
    """A stack of containers; `backends.Stack` documents the members.

    It is made inside an `ExitStack`, which takes the project down when the cell is done.
    """

    def __init__(
        self, cell: Cell, around: Surroundings, project: str, resources: ExitStack, down: Callable[[str], None]
    ) -> None:
        self._cell = cell
        self._companions = around.catalogue.apps[cell.combination.app].companions
        self.around = around
        self._start_timeout_s = around.catalogue.start_timeout_s(cell.combination)
        self.project = project
        self._ask = fetch
        if around.generator is not None:
            around.generator.ready()
            self._ask = around.generator.fetch
        resources.callback(down, project)
        self.parts: dict[str, Container] = {}
        self._up()
        self.edge = self._edge()
        server = self.parts["server"]
        if around.generator is not None:
            own = self._target(server.addresses[self._network("inside")], SERVER_PORT, last_hop_client(cell))
            self._await_good_answer("server", own)
            self._await_companions(own)
            self.server_start_s = self._since(server)
            if "proxy" in self.parts:
                self._await_good_answer("proxy", self.edge)
        else:
            # The only way to the server from another machine; a proxy answers 502 to 504 while its target is down.
            self._await_good_answer("server", self.edge)
            self._await_companions(self.edge)
            self.server_start_s = self._since(server)
            self._prove_last_hop()

    @property
    def argv(self) -> Mapping[str, tuple[str, ...]]:
        """The exact command line of each part."""
        return {name: self._argv_of(name, part) for name, part in self.parts.items()}

    def workplace(self, driver: str) -> Workplace:
        """The load generator's or the browser's container, or this machine if the engine is on another."""
        return self.around.here if self.around.generator is None else self.around.generator.workplace(driver)

    def fetch(self, path: str, timeout_s: float) -> Response:
        """Send one request through the edge, from where the load is made."""
        return self._ask(self.edge, path, timeout_s)

    def server_usage(self) -> GroupUsage | None:
        """What the server's and companions' containers have used so far."""
        names = ("server", *(companion.name for companion in self._companions))
        return usage_sum(container_usage(self.around.engine, self.parts[name]) for name in names)

    def proxy_usage(self) -> GroupUsage | None:
        """What the proxy's container has used so far."""
        proxy = self.parts.get("proxy")
        return None if proxy is None else container_usage(self.around.engine, proxy)

    def log_tail(self) -> str:
        """The end of each part's log."""
        tails = ((name, self._log(part)) for name, part in self.parts.items())
        return "\n".join(f"[{name}]\n{tail}" for name, tail in tails if tail)

    def trouble(self) -> str:
        """Which part has ended by itself."""
        engine = self.around.engine
        return "; ".join(
            f"the {name} {ending}" for name, part in self.parts.items() if (ending := engine.ending(part.id))
        )

    def _up(self) -> None:
        combination, generator = self._cell.combination, self.around.generator
        candidate = self.around.catalogue.candidates[combination.server]
        files = ["base", "proxy" if self._proxied else "direct"]
        files += [combination.app] if self._companions else []
        files += ["parts/shared", *(["parts/shared-proxy"] if self._proxied else [])] if generator else []
        done = self.around.composer.up(
            self.project,
            files,
            {
                **self.around.variables,
                "SERVER": candidate.server.name,
                "VARIANT": candidate.variant.name,
                "APP": combination.app,
                "INTERFACE": combination.interface.value,
                "LISTENER": self._cell.listener.value,
                **({"PROXY": self._proxy, "TOPOLOGY": combination.topology} if self._proxied else {}),
                **self._images(candidate.variant.debian),
                **self._certificates(),
                "EDGE_ADDRESS": self.around.edge_address,
                "EDGE_PORT": "",  # any free port
                **({"RUN_PROJECT": generator.project} if generator else {}),
            },
        )
        # Check parts in this order, so that the first one found ended did not end because another had.
        planned = (*(companion.name for companion in self._companions), "server", *(["proxy"] if self._proxied else []))
        found = self.around.engine.containers(self.project)
        self.parts = {name: found[name] for name in planned if name in found}
        if done.code is None:
            raise StageError(Stage.START, "the stack did not start within one minute", done.output)
        if done.code:
            raise StageError(
                Stage.START, f"the stack failed to start: {explain(done.output)}", self._last_words(done.output)
            )
        for name in planned:
            if ending := self.around.engine.ending(self.parts[name].id):
                raise ended_early(name, ending, self.log_tail())

    @property
    def _proxied(self) -> bool:
        return bool(self._proxy)

    @property
    def _proxy(self) -> str:
        return self.around.catalogue.topologies[self._cell.combination.topology].proxy

    def _images(self, debian: Debian) -> dict[str, str]:
        """The image ids to start, whichever images have the names by now."""
        images = (server_image(debian), companion_image(debian), proxy_image(self._proxy))
        return {image.id_variable: self.around.images[image] for image in images if image in self.around.images}

    def _certificates(self) -> dict[str, str]:
        """The certificate and its key, for the parts that terminate TLS."""
        files = self.around.certificate
        ends_tls = {"SERVER": self._cell.listener.encrypted}
        if self._proxied:
            ends_tls["PROXY"] = proxy_ends_tls(self.around.catalogue.root, self._cell.combination.topology)
        return {
            f"{part}_{name}_PEM": path.read_text()
            for part, ends in ends_tls.items()
            for name, path in (("CHAIN", files.chain), ("KEY", files.key))
            if ends
        }

    def _await_good_answer(self, name: str, target: Target) -> None:
        await_good_answer(
            self._part(name), lambda path: self._ask(target, path, ATTEMPT_TIMEOUT_S), self._start_timeout_s
        )

    def _await_companions(self, target: Target) -> None:
        if self._companions:
            parts = [self._part(companion.name) for companion in self._companions]
            await_work(parts, lambda path: self._ask(target, path, ATTEMPT_TIMEOUT_S), self._start_timeout_s)

    def _edge(self) -> Target:
        cell = self._cell
        client = cell.combination.client_protocol
        name = "proxy" if "proxy" in self.parts else "server"
        part, port = self.parts[name], _PORTS[name]
        if self.around.generator is not None:
            return self._target(part.addresses[self._network("edge")], port, client, cell.h2_alone)
        published = part.published[f"{port}/{'udp' if client.transport is Transport.QUIC else 'tcp'}"]
        return self._target(self.around.edge_address, published, client, cell.h2_alone)

    def _target(self, host: str, port: int, client: ClientProtocol, h2_alone: bool = False) -> Target:
        authority = self.around.certificate.authority if self.around.generator is None else AUTHORITY
        return Target(host, port, client, ca_file=authority if client.transport.encrypted else None, h2_alone=h2_alone)

    def _network(self, name: str) -> str:
        return f"{self.around.generator.project if self.around.generator else self.project}_{name}"

    def _prove_last_hop(self) -> None:
        """Prove the last hop's transport by what the app saw: its listener cannot be reached from here."""
        try:
            scheme = json.loads(self._ask(self.edge, HOP_PATH, ATTEMPT_TIMEOUT_S).body)["scheme"]
        except (FetchError, ValueError, KeyError) as error:
            raise StageError(Stage.PROVE, f"the app does not report what it saw: {error}", self.log_tail()) from error
        planned = "https" if self._cell.listener.encrypted else "http"
        if scheme != planned:
            raise StageError(Stage.PROVE, f"the app was reached over {scheme}, expected {planned}", self.log_tail())

    def _since(self, part: Container) -> float:
        """Seconds since a container started, by the engine's clock."""
        return max(0.0, time.time() + self.around.engine.clock_ahead_s - part.started_s)

    def _argv_of(self, name: str, part: Container) -> tuple[str, ...]:
        """What a container's launcher became, computed by the launcher's own logic."""
        predict = foresee_proxy if name == "proxy" else foresee
        return predict(self.around.catalogue.root, part.command, part.environment).argv

    def _part(self, name: str) -> Part:
        return Part(name, lambda: self.around.engine.ending(self.parts[name].id), self.log_tail, _PORTS.get(name))

    def _log(self, part: Container, *, last: bool = True) -> str:
        try:
            return self.around.engine.log(part.id, last=last)
        except EngineError as error:
            return f"(no log: {error})"

    def _last_words(self, output: str) -> str:
        return "\n".join(text for text in (self.log_tail(), f"[docker compose]\n{output}") if text)
