"""Servers, their variants and listeners, and the apps they run, as `servers/` and `apps/` declare them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from annotated_types import MinLen

from topolab.model.declared import Declared, EntryPoint, Name, StartTimeout, Text
from topolab.model.protocol import Protocol, Transport

PART_NAMES = ("server", "proxy", "load")
"""The names of a stack's own parts; companions have names of their own."""


START_TIMEOUT_S = 20.0
"""How long a server with its app may take to its first good answer, unless either declares another limit."""


class Interface(StrEnum):
    """The Python interface between a server and an app."""

    ASGI = "asgi"
    WSGI = "wsgi"


class AsyncLibrary(StrEnum):
    """The async library that an ASGI server runs its app on."""

    ASYNCIO = "asyncio"
    TRIO = "trio"


class Debian(StrEnum):
    """The releases that a server's image may be built on; each has its own Python (3.13 and 3.11)."""

    TRIXIE = "trixie"
    BOOKWORM = "bookworm"


@dataclass(frozen=True, slots=True)
class Listener(Declared):
    """One port of a variant: the protocols it really speaks there, and the arguments that open it.

    `packages` lists the distributions that only this port needs.
    """

    protocols: Annotated[tuple[Protocol, ...], MinLen(1)]
    argv: tuple[Text, ...] = ()
    packages: tuple[Text, ...] = ()


def listener_name(server: str, transport: Transport) -> str:
    """The name of a variant's listener where its availability is reported separately."""
    return f"{server} over {transport}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant(Declared):
    """One way to run a server: worker class, event loop, parser, interface.

    `packages` lists the distributions it needs, whose versions are recorded. If one is missing, the variant is skipped
    and `missing_reason` says why that can happen. `debian` is the release whose Python it needs when stacks are
    containers.
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
        """A variant's name in tables and filters: `server-variant`."""
        return f"{self.name}-{variant.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion(Declared):
    """A program that an app needs next to the server: a broker, or a worker that takes the app's work from the broker.

    `package` is the system package that provides the program in `command`; words may be empty.
    """

    name: Name
    summary: Text
    command: Annotated[tuple[str, ...], MinLen(1)]
    package: str = ""

    @property
    def program(self) -> str:
        """The program that must be on PATH; empty if the command starts with the environment's own interpreter."""
        return "" if self.command[0].startswith("{") else self.command[0]

    @property
    def listens(self) -> bool:
        """Whether it gets a port; an app's only companion with a port is the broker for the others."""
        return any("{port}" in word for word in self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class App(Declared):
    """The workload: the app contract written in one framework, with an entry point per interface.

    `async_libraries` lists those its ASGI side can wait with, and `python_path` other apps whose modules it uses.
    """

    name: Name
    summary: Text
    entrypoints: Annotated[Mapping[Interface, EntryPoint], MinLen(1)]
    packages: tuple[Text, ...] = ()
    async_libraries: Annotated[tuple[AsyncLibrary, ...], MinLen(1)] = (AsyncLibrary.ASYNCIO,)
    python_path: tuple[Name, ...] = ()
    companions: tuple[Companion, ...] = ()
    start_timeout_s: StartTimeout = START_TIMEOUT_S
