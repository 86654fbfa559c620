"""The protocols and transports that a hop can use, and the names of a client's choices."""

from __future__ import annotations

from enum import StrEnum


class Protocol(StrEnum):
    """An HTTP version, spelled as ALPN (RFC 7301) spells it."""

    HTTP1 = "http/1.1"
    H2 = "h2"
    H3 = "h3"

    @property
    def label(self) -> str:
        """The version as written in a sentence."""
        return {"http/1.1": "HTTP/1.1", "h2": "HTTP/2", "h3": "HTTP/3"}[self.value]

    @property
    def number(self) -> str:
        """The version as written in `contract.VERSION_HEADER` and in libcurl's status lines."""
        return {"http/1.1": "1.1", "h2": "2", "h3": "3"}[self.value]

    @classmethod
    def from_origin_version(cls, version: str) -> str:
        """The protocol that an app named in that header; the text itself if it is unknown."""
        return next((p.value for p in cls if p.number == version), version or "unknown")


class Transport(StrEnum):
    """What carries the HTTP bytes of a hop."""

    CLEARTEXT = "cleartext"
    TLS = "tls"
    QUIC = "quic"

    @property
    def encrypted(self) -> bool:
        """Whether the hop is encrypted; QUIC always is."""
        return self is not Transport.CLEARTEXT


class ClientProtocol(StrEnum):
    """What the client asks for on its own hop; names ending in `c`, such as h2c, mean cleartext."""

    HTTP1 = "http/1.1"
    H2 = "h2"
    H1C = "h1c"
    H2C = "h2c"
    H3 = "h3"

    @property
    def protocol(self) -> Protocol:
        """The requested HTTP version."""
        return {"http/1.1": Protocol.HTTP1, "h1c": Protocol.HTTP1, "h3": Protocol.H3}.get(self.value, Protocol.H2)

    @property
    def transport(self) -> Transport:
        """The transport that it uses."""
        names = {"h1c": Transport.CLEARTEXT, "h2c": Transport.CLEARTEXT, "h3": Transport.QUIC}
        return names.get(self.value, Transport.TLS)

    @property
    def short(self) -> str:
        """The name in cell ids and column heads, without a slash."""
        return "h1" if self is ClientProtocol.HTTP1 else self.value
