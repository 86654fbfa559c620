"""Where a client sends its requests, and where the client itself runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from topolab.model.protocol import ClientProtocol

EDGE_NAME = "edge.topolab.test"
"""The host name in every certificate: `.test` is reserved (RFC 6761) and never resolves."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a client sends its requests, and what it asks for there.

    `host` is a loopback address; `name` is the host name in URL and SNI; `ca_file` signs the target's
    certificate. With `h2_alone`, the client offers only h2 by ALPN (a browser also offers http/1.1).
    """

    host: str
    port: int
    client_protocol: ClientProtocol
    name: str = EDGE_NAME
    ca_file: Path | None = None
    h2_alone: bool = False

    @property
    def base_url(self) -> str:
        """The base URL: scheme, name and port, without a trailing slash."""
        scheme = "https" if self.client_protocol.transport.encrypted else "http"
        return f"{scheme}://{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where the client runs: on this machine, or wherever `enter` leads, such as in a container.

    `enter` is the prefix of a command line that runs the rest there; it is empty for this machine. `python` is the
    interpreter there that has topolab, and `catalogue` the folder there that has `loadtest/`.
    """

    enter: tuple[str, ...]
    python: str
    catalogue: str
