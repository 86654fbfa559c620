"""Finds the engine as the docker command does: by `--context`, DOCKER_HOST or the current context."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from topolab.errors import EngineError

DEFAULT_HOST = "unix:///var/run/docker.sock"
_IN_MEMORY = "<IN MEMORY>"
_LIMIT_S = 20.0
_ADDRESS = re.compile(r"(unix|http\+unix|ssh):/.+|((tcp|https?)://)?([^/:@\s]*|\[[0-9a-fA-F:.]+\]):\d+(/\S*)?")
"""What the engine's SDK connects to, and what is refused with advice of its own."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An engine's address, the folder with its TLS files (None: no TLS), and its name in messages."""

    host: str
    tls_folder: Path | None
    verify: bool
    shown_as: str


def find_endpoint(context: str | None) -> Endpoint:
    """Raises `EngineError` if nothing can be reached as the context or the environment say.

    That is an unknown context, a DOCKER_HOST that is no address, TLS without its files, or an engine behind ssh.
    """
    host = os.environ.get("DOCKER_HOST")
    if host and not context and not _ADDRESS.fullmatch(host):
        raise EngineError(
            f"DOCKER_HOST={host}: not the address of an engine; it must be like {DEFAULT_HOST} or tcp://HOST:2375"
        )
    tls = os.environ.get("DOCKER_TLS") or os.environ.get("DOCKER_TLS_VERIFY")
    # DOCKER_CERT_PATH alone does not enable TLS.
    found = Endpoint(host, None, True, host) if host and not context and not tls else _by_docker(context)
    if found.host.startswith("ssh://"):
        raise EngineError(
            f"{found.shown_as}: engines behind ssh are not supported; forward the socket with "
            "ssh -N -L 127.0.0.1:2375:/var/run/docker.sock HOST and set DOCKER_HOST=tcp://127.0.0.1:2375"
        )
    return found


def config_folder() -> Path:
    """Where the docker command keeps its settings."""
    return Path(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111 - never raises


def _by_docker(name: str | None) -> Endpoint:
    """Ask the docker command: only it knows how its variables, flags and contexts combine."""
    shown_as = f"the Docker context {name}" if name else os.environ.get("DOCKER_HOST") or "the Docker engine"
    try:
        done = subprocess.run(
            ["docker", "context", "inspect", *([name] if name else [])],  # noqa: S607 - the docker on the user's PATH
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except FileNotFoundError:  # check_compose reports it
        return Endpoint(os.environ.get("DOCKER_HOST") or DEFAULT_HOST, None, False, shown_as)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"`docker context inspect` cannot be run: {error}") from error
    if done.returncode:
        hint = "; see `docker context ls`" if name else ""
        raise EngineError(f"{shown_as}: {' '.join(done.stderr.split())}{hint}")
    (found,) = json.loads(done.stdout)
    docker = found["Endpoints"]["docker"]
    host = docker.get("Host") or DEFAULT_HOST
    has_files = bool((found.get("TLSMaterial") or {}).get("docker"))
    folder = _tls_folder(found["Storage"]["TLSPath"]) if has_files and host.startswith("tcp://") else None
    return Endpoint(host, folder, not docker.get("SkipTLSVerify"), shown_as)


def _tls_folder(path: str) -> Path:
    """A context's own folder. The default context is only in memory: the folder that its variables name."""
    if path == _IN_MEMORY:
        return Path(os.environ.get("DOCKER_CERT_PATH") or config_folder())
    return Path(path) / "docker"
