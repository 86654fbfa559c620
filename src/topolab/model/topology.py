"""Topologies: the client protocols a chain of hops accepts, and what each becomes towards the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import MinLen
from pydantic import StringConstraints

from topolab.model.declared import Declared, Name, Text
from topolab.model.protocol import ClientProtocol, Protocol, Transport


@dataclass(frozen=True, slots=True)
class Leg(Declared):
    """What one hop speaks: a protocol over a transport."""

    protocol: Protocol
    transport: Transport

    @property
    def label(self) -> str:
        """The leg as a sentence writes it: HTTP/2 over TLS."""
        carrier = {"cleartext": "in cleartext", "tls": "over TLS", "quic": "over QUIC"}
        return f"{self.protocol.label} {carrier[self.transport.value]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Declared):
    """A client protocol the topology carries, and the legs to the server it may become, best first.

    With `h2_alone` the client has to offer h2 alone by ALPN to be given it.
    """

    client: ClientProtocol
    server: Annotated[tuple[Leg, ...], MinLen(1)]
    h2_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyRecord:
    """What a run keeps of a topology for its reports."""

    name: Name
    summary: Text
    mimics: tuple[Text, ...] = ()
    does_not_mimic: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology(Declared):
    """A chain of hops between client and app. Without a `proxy` client and server are the only two.

    `proxy` is a folder with a `proxy.toml`, `template` a file in it, and `values` fills placeholders of the template
    that only this topology knows. `refusals` gives the reason for each client protocol the topology does not carry.
    `needs_version` is the oldest release of the proxy that will do, `needs_modules` what it must be built with.
    `does_not_mimic` lists, for the reader, where the AWS original behaves differently.
    """

    name: Name
    summary: Text
    routes: Annotated[tuple[Route, ...], MinLen(1)]
    refusals: Mapping[ClientProtocol, Text] = field(default_factory=dict)
    proxy: str = ""
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    needs_version: Annotated[str, StringConstraints(pattern=r"^(\d+(\.\d+)*)?$")] = ""
    needs_modules: tuple[Text, ...] = ()
    mimics: tuple[Text, ...] = ()
    does_not_mimic: tuple[Text, ...] = ()

    @property
    def proxied(self) -> bool:
        """Whether a proxy stands between client and server."""
        return bool(self.proxy)

    @property
    def record(self) -> TopologyRecord:
        """What a run keeps of it."""
        return TopologyRecord(
            name=self.name, summary=self.summary, mimics=self.mimics, does_not_mimic=self.does_not_mimic
        )

    def route(self, client: ClientProtocol) -> Route | None:
        """The route a client protocol takes; None where the topology refuses it."""
        return next((r for r in self.routes if r.client is client), None)
