"""The contents of an image: from its lock before the build, from the image itself afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from topolab.backends.compose.engine import Engine
from topolab.errors import EngineError
from topolab.launch.binaries import find_version
from topolab.launch.root import own_root
from topolab.launch.tables import LaunchError
from topolab.model.proxy import Proxy

_LOCK = "servers/requirements.lock"
_OPTIONAL_LOCK = "servers/requirements-optional.lock"
_DOCKERFILE = "servers/Dockerfile"
_ASK = """
import json, platform, sys
from importlib.metadata import PackageNotFoundError, version
def of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
print(json.dumps({
    "python": f"{platform.python_implementation()} {platform.python_version()}",
    "packages": {name: found for name in sys.argv[1:] if (found := of(name))},
}))
"""
_LOAD_PACKAGES = ("playwright", "pycurl")


def locked_packages(root: Path) -> frozenset[str]:
    """The distributions that the lock files put into the server image, including a release's optional ones."""
    own = own_root()
    lock = root / _LOCK if (root / _LOCK).is_file() else own / _LOCK
    text = lock.read_text(encoding="utf-8") + (own / _OPTIONAL_LOCK).read_text(encoding="utf-8")
    return frozenset(name.lower() for name in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE))


def installed_packages(root: Path) -> frozenset[str]:
    """The words after `apt-get install` in the servers' Dockerfile, which include the Debian packages."""
    own = own_root()
    dockerfile = root / _DOCKERFILE if (root / _DOCKERFILE).is_file() else own / _DOCKERFILE
    lines = re.findall(r"apt-get install (.*)", dockerfile.read_text(encoding="utf-8"))
    return frozenset(word for line in lines for word in line.split())


@dataclass(frozen=True, slots=True)
class Inside:
    """The interpreter of an image, and the versions of the packages that it has."""

    python: str
    packages: Mapping[str, str]


def ask_image(engine: Engine, image: str, packages: Iterable[str], labels: Mapping[str, str]) -> Inside:
    """Ask an image for its contents, in a container with `labels`."""
    argv = ["/opt/venv/bin/python", "-I", "-c", _ASK, *sorted({*packages, *_LOAD_PACKAGES})]
    return Inside(**json.loads(engine.ask(image, argv, labels)))


def ask_proxy(engine: Engine, image: str, proxy: Proxy, labels: Mapping[str, str]) -> str:
    """The version of an image's proxy; empty if its TOML does not say how to ask. Raises `EngineError`."""
    if proxy.version is None or proxy.binary is None:
        return ""
    argv = ["sh", "-c", '"$@" 2>&1', "sh", proxy.binary.program, *proxy.version.argv]
    try:
        return find_version(proxy.name, engine.ask(image, argv, labels), proxy.version.pattern)
    except LaunchError as error:
        raise EngineError(f"{image}: {error}") from error


def ask_tools(
    engine: Engine, image: str, commands: Mapping[str, tuple[str, ...]], labels: Mapping[str, str]
) -> dict[str, str | None]:
    """What the tools in an image print as their version, each by its command."""
    return {name: engine.ask(image, argv, labels) for name, argv in commands.items()}
