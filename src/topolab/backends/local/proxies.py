"""Finds the proxies that this machine has, and why the others cannot be used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from topolab.catalogue import Catalogue
from topolab.errors import InputError
from topolab.launch.binaries import BinaryError, Build, find_binary, inspect_binary, lacking
from topolab.launch.root import PROXY_FILE
from topolab.launch.tables import LaunchError, read_table


@dataclass(frozen=True, slots=True)
class Proxies:
    """Each available proxy's program, and the reason for each proxy without one."""

    builds: Mapping[str, Build] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    def lacking(self, catalogue: Catalogue) -> dict[str, str]:
        """The reason for each topology whose proxy is not here, or lacks what the topology needs."""
        found = {}
        for topology in catalogue.topologies.values():
            reason = self.missing.get(topology.proxy, "")
            if topology.proxy in self.builds:
                reason = lacking(
                    topology.name,
                    topology.needs_version,
                    topology.needs_modules,
                    topology.proxy,
                    self.builds[topology.proxy],
                )
            if reason:
                found[topology.name] = reason
        return found


def find_proxies(catalogue: Catalogue) -> Proxies:
    """Look for each proxy's program.

    Raises `InputError` if a variable, a package or PATH leads to a program that does not match `proxy.toml`.
    """
    builds, missing = {}, {}
    for name in catalogue.proxies:
        file = f"{name}/{PROXY_FILE}"
        try:
            table = read_table(catalogue.root, file)
            if "binary" in table:
                builds[name] = inspect_binary(table, find_binary(file, table, os.environ))
        except BinaryError as error:
            raise InputError(str(error)) from error
        except LaunchError as error:
            missing[name] = str(error)
    return Proxies(builds, missing)


def proxy_variables(catalogue: Catalogue) -> list[str]:
    """The variables that name proxies' programs here."""
    return [proxy.binary.variable for proxy in catalogue.proxies.values() if proxy.binary and proxy.binary.variable]
