"""Topologies: the client protocols a chain of hops accepts, and what each becomes towards the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import MinLen

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
class Topology(Declared):
    """A chain of hops between client and app. Without a `template` there is no proxy in it.

    `values` fills placeholders of the template that only this topology knows.
    `refusals` gives the reason for each client protocol the topology does not carry. `nginx_modules` are the
    configure flags nginx must have been built with, `nginx_version` the oldest release that will do.
    `does_not_mimic` lists, for the reader, where the AWS original behaves differently.
    """

    name: Name
    summary: Text
    routes: Annotated[tuple[Route, ...], MinLen(1)]
    refusals: Mapping[ClientProtocol, Text] = field(default_factory=dict)
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    nginx_version: str = ""
    nginx_modules: tuple[Text, ...] = ()
    mimics: tuple[Text, ...] = ()
    does_not_mimic: tuple[Text, ...] = ()

    @property
    def proxied(self) -> bool:
        """Whether a proxy stands between client and server."""
        return bool(self.template)

    def route(self, client: ClientProtocol) -> Route | None:
        """The route a client protocol takes; None where the topology refuses it."""
        return next((r for r in self.routes if r.client is client), None)
