"""Connects to an engine, and explains why if that fails."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from topolab.backends.compose.endpoint import Endpoint, config_folder
from topolab.backends.compose.engine import Engine, why
from topolab.distributions import missing, not_installed
from topolab.errors import EngineError

SOCKET = Path("/var/run/docker.sock")
_CONNECT_TIMEOUT_S = 5.0
_TIMEOUT_S = 60.0


def plausible() -> bool:
    """Whether it is worth looking for an engine: something names one, or the usual socket exists."""
    named = any(os.environ.get(name) for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY"))
    return named or SOCKET.exists() or (config_folder() / "config.json").exists()


def connect(endpoint: Endpoint) -> Engine:
    """Connect to the engine. Raises `EngineError` with the reason and what to do."""
    if absent := missing(("docker",)):
        raise EngineError(f"{not_installed('the docker backend', absent)}, or use --backend local")
    import docker
    from docker.errors import DockerException

    knock = partial(_knock, endpoint.host)
    try:
        knock()
        tls = _tls(endpoint)
        with closing(docker.DockerClient(endpoint.host, tls=tls, timeout=_CONNECT_TIMEOUT_S)) as quick:
            quick.ping()
        return Engine(docker.DockerClient(endpoint.host, tls=tls, timeout=_TIMEOUT_S), knock)
    except (DockerException, OSError, ValueError) as error:
        raise EngineError(f"{endpoint.shown_as}: {why(error)}") from error


def _knock(host: str) -> None:
    """Only connect to a socket file; an engine behind TCP is not tried. Raises `OSError`."""
    scheme, _, path = host.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(_CONNECT_TIMEOUT_S)
            knocking.connect(path)


def _tls(endpoint: Endpoint) -> Any:
    from docker.tls import TLSConfig

    folder = endpoint.tls_folder
    if folder is None:
        return False
    pair = folder / "cert.pem", folder / "key.pem"
    return TLSConfig(
        client_cert=tuple(map(str, pair)) if all(path.exists() for path in pair) else None,
        ca_cert=str(folder / "ca.pem") if (folder / "ca.pem").exists() else None,
        verify=endpoint.verify,
    )
