"""Proxies, as a folder's `proxy.toml` declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import MinLen

from topolab.model.declared import Declared, Name, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Declared):
    """Where a proxy's program is: named by a variable, in a Python package, or on PATH."""

    variable: str = ""
    package: str = ""
    package_file: str = ""
    program: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionCheck(Declared):
    """How to ask the program for its version and modules, and the patterns that find them in its output."""

    argv: Annotated[tuple[Text, ...], MinLen(1)]
    pattern: Text
    modules: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy(Declared):
    """A program between client and server: one folder with a `proxy.toml`, its templates and its topologies.

    Its working directory is its own prefix. A topology's template, filled in from `placeholders`, goes there as
    `configuration`, next to the `includes` and the certificate. `log` is the proxy's log file there; without it, the
    proxy logs to standard error.
    """

    name: Name
    summary: Text
    command: Annotated[tuple[str, ...], MinLen(1)]
    argv_as_root: tuple[str, ...] = ()
    configuration: str = ""
    includes: tuple[Text, ...] = ()
    placeholders: Mapping[str, str] = field(default_factory=dict)
    log: str = ""
    binary: Binary | None = None
    version: VersionCheck | None = None
