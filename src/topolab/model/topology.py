"""Topologies: the client protocols that a chain of hops accepts, and what each becomes on the way to the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import MinLen

from topolab.model.declared import Declared, Name, Text, Version
from topolab.model.protocol import ClientProtocol, Protocol, Transport


@dataclass(frozen=True, slots=True)
class Leg(Declared):
    """What a hop speaks: a protocol over a transport."""

    protocol: Protocol
    transport: Transport

    @property
    def label(self) -> str:
        """The leg as written in a sentence: HTTP/2 over TLS."""
        carrier = {"cleartext": "in cleartext", "tls": "over TLS", "quic": "over QUIC"}
        return f"{self.protocol.label} {carrier[self.transport.value]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Declared):
    """A client protocol that the topology carries, and the legs to the server that it may become, best first.

    With `h2_alone`, the client gets h2 only if it offers nothing else by ALPN.
    """

    client: ClientProtocol
    server: Annotated[tuple[Leg, ...], MinLen(1)]
    h2_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyRecord:
    """The part of a topology that a run keeps for its reports."""

    name: Name
    summary: Text
    mimics: tuple[Text, ...] = ()
    does_not_mimic: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology(Declared):
    """A chain of hops between client and app. Without a `proxy`, it is only client and server.

    `proxy` is a folder with a `proxy.toml`, `template` is a file in it, and `values` fills the template's placeholders
    for this topology. `refusals` gives the reason for each client protocol that the topology does not carry.
    `needs_version` is the oldest suitable release of the proxy, and `needs_modules` what it must be built with.
    `does_not_mimic` lists, for the reader, where the AWS original behaves differently.
    """

    name: Name
    summary: Text
    routes: Annotated[tuple[Route, ...], MinLen(1)]
    refusals: Mapping[ClientProtocol, Text] = field(default_factory=dict)
    proxy: str = ""
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    needs_version: Version = ""
    needs_modules: tuple[Text, ...] = ()
    mimics: tuple[Text, ...] = ()
    does_not_mimic: tuple[Text, ...] = ()

    @property
    def proxied(self) -> bool:
        """Whether there is a proxy between client and server."""
        return bool(self.proxy)

    @property
    def record(self) -> TopologyRecord:
        """The part that a run keeps."""
        return TopologyRecord(
            name=self.name, summary=self.summary, mimics=self.mimics, does_not_mimic=self.does_not_mimic
        )

    def route(self, client: ClientProtocol) -> Route | None:
        """The route that a client protocol takes; None if the topology refuses it."""
        return next((r for r in self.routes if r.client is client), None)
