"""Servers, their variants and listeners, and the apps they run: what `servers/` and `apps/` declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from annotated_types import MinLen

from topolab.model.declared import Declared, EntryPoint, Name, StartTimeout, Text
from topolab.model.protocol import Protocol, Transport

PART_NAMES = ("server", "proxy", "load")
"""What a stack's own parts are called; companions stand beside them under names of their own."""


START_TIMEOUT_S = 20.0
"""How long a server with its app may take to its first good answer, where neither declares another time."""


class Interface(StrEnum):
    """The Python interface between a server and an app."""

    ASGI = "asgi"
    WSGI = "wsgi"


class AsyncLibrary(StrEnum):
    """What an ASGI server runs its app on."""

    ASYNCIO = "asyncio"
    TRIO = "trio"


class Debian(StrEnum):
    """What a server's image is made from; each brings a Python of its own (3.13 and 3.11)."""

    TRIXIE = "trixie"
    BOOKWORM = "bookworm"


@dataclass(frozen=True, slots=True)
class Listener(Declared):
    """One port of a variant: the protocols it really speaks there, and the arguments that open it.

    `packages` are the distributions that only this port needs.
    """

    protocols: Annotated[tuple[Protocol, ...], MinLen(1)]
    argv: tuple[Text, ...] = ()
    packages: tuple[Text, ...] = ()


def listener_name(server: str, transport: Transport) -> str:
    """What a variant's listener is called where it can be used or not apart from the others."""
    return f"{server} over {transport}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant(Declared):
    """One way to run a server: worker class, event loop, parser, interface.

    `packages` are the distributions it needs (their versions are recorded); where one is missing the variant
    is skipped and `missing_reason` says why that can be. `debian` is the release whose Python it needs, where
    stacks are containers.
    """

    name: Name
    summary: Text
    interfaces: Annotated[tuple[Interface, ...], MinLen(1)]
    packages: Annotated[tuple[Text, ...], MinLen(1)]
    listeners: Annotated[Mapping[Transport, Listener], MinLen(1)]
    argv: tuple[Text, ...] = ()
    app_argument: Text = "{app}"
    env: Mapping[str, str] = field(default_factory=dict)
    missing_reason: str = ""
    debian: Debian = Debian.TRIXIE
    async_library: AsyncLibrary = AsyncLibrary.ASYNCIO
    start_timeout_s: StartTimeout = START_TIMEOUT_S

    def speaks(self, protocol: Protocol, transport: Transport) -> bool:
        """Whether a listener for `transport` declares `protocol`."""
        listener = self.listeners.get(transport)
        return listener is not None and protocol in listener.protocols


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(Declared):
    """A program that speaks HTTP and runs a Python app: one folder in `servers/`."""

    name: Name
    summary: Text
    command: Annotated[tuple[Text, ...], MinLen(1)]
    variants: Annotated[tuple[Variant, ...], MinLen(1)]

    def full_name(self, variant: Variant) -> str:
        """The name of a variant in tables and filters: `server-variant`."""
        return f"{self.name}-{variant.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion(Declared):
    """What has to run beside the server for an app: a broker, or a worker that takes from it what the app hands over.

    `package` is the system's package that brings the program which the command names; words may be empty.
    """

    name: Name
    summary: Text
    command: Annotated[tuple[str, ...], MinLen(1)]
    package: str = ""

    @property
    def program(self) -> str:
        """What has to be on PATH; empty where the command starts with the environment's own interpreter."""
        return "" if self.command[0].startswith("{") else self.command[0]

    @property
    def listens(self) -> bool:
        """Whether it is given a port; the one of an app that is, is the broker of the others."""
        return any("{port}" in word for word in self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class App(Declared):
    """The workload: the app contract written in one framework, with an entry point per interface.

    `async_libraries` are those its ASGI side can wait by, `python_path` further apps whose modules it uses.
    """

    name: Name
    summary: Text
    entrypoints: Annotated[Mapping[Interface, EntryPoint], MinLen(1)]
    packages: tuple[Text, ...] = ()
    async_libraries: Annotated[tuple[AsyncLibrary, ...], MinLen(1)] = (AsyncLibrary.ASYNCIO,)
    python_path: tuple[Name, ...] = ()
    companions: tuple[Companion, ...] = ()
    start_timeout_s: StartTimeout = START_TIMEOUT_S
