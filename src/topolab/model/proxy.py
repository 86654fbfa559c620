"""Proxies: what a folder's `proxy.toml` declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import MinLen

from topolab.model.declared import Declared, Name, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Declared):
    """Where a proxy's program is: what a variable names, a file of a Python package, or a program on PATH."""

    variable: str = ""
    package: str = ""
    package_file: str = ""
    program: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionCheck(Declared):
    """How the program is asked for its version and modules, and the patterns that find them in what it prints."""

    argv: Annotated[tuple[Text, ...], MinLen(1)]
    pattern: Text
    modules: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy(Declared):
    """A program between client and server: one folder with a `proxy.toml`, its templates and its topologies.

    It runs with a prefix of its own as working directory. A topology's template is filled in by `placeholders` and put
    there as `configuration`, next to the `includes` and the certificate. `log` is a file there that it writes its log
    to; without, the log is on standard error.
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
