"""Which engine is meant: by `--context`, DOCKER_HOST or the current context, exactly as for the docker command."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from topolab.errors import EngineError

DEFAULT_HOST = "unix:///var/run/docker.sock"
_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An engine's address, the folder of the TLS files to reach it with (None: no TLS), and what to call it."""

    host: str
    tls_folder: Path | None
    verify: bool
    shown_as: str


def find_endpoint(context: str | None) -> Endpoint:
    """Raises `EngineError` for a context that there is not, and for an engine behind ssh."""
    named = os.environ.get("DOCKER_HOST")
    found = _from_environment(named) if named and not context else _from_context(context)
    if found.host.startswith("ssh://"):
        raise EngineError(
            f"{found.shown_as}: an engine is not reached through ssh here; forward its socket, "
            "ssh -N -L 127.0.0.1:2375:/var/run/docker.sock HOST, and set DOCKER_HOST=tcp://127.0.0.1:2375"
        )
    return found


def _from_environment(host: str) -> Endpoint:
    verify = bool(os.environ.get("DOCKER_TLS_VERIFY"))
    folder = os.environ.get("DOCKER_CERT_PATH") or ("~/.docker" if verify else "")
    return Endpoint(host, Path(folder).expanduser() if folder else None, verify, host)


def _from_context(name: str | None) -> Endpoint:
    """By the docker command: the SDK sees contexts only beside a config.json, and without one takes another engine."""
    shown_as = f"the Docker context {name}" if name else "the Docker engine"
    try:
        done = subprocess.run(
            ["docker", "context", "inspect", *([name] if name else [])],  # noqa: S607 - the docker of the user's PATH
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except FileNotFoundError:
        return Endpoint(DEFAULT_HOST, None, False, shown_as)  # that the command is missing is told with Compose's
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"`docker context inspect` does not run: {error}") from error
    if done.returncode:
        raise EngineError(f"{shown_as}: {' '.join(done.stderr.split())}; see `docker context ls`")
    (found,) = json.loads(done.stdout)
    docker = found["Endpoints"]["docker"]
    files = (found.get("TLSMaterial") or {}).get("docker")
    folder = Path(found["Storage"]["TLSPath"]) / "docker" if files else None
    return Endpoint(docker.get("Host") or DEFAULT_HOST, folder, not docker.get("SkipTLSVerify"), shown_as)
