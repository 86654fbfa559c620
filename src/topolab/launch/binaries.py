"""Finds a proxy's program: through its variable, in a Python package, or on PATH; and reads its version."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from topolab.launch.tables import LaunchError, Table, fill

PLACEHOLDERS = ("system", "machine")
"""What `package_file` may use."""
_TIMEOUT_S = 10.0
_SYSTEMS = {"darwin": "macos"}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


class BinaryError(LaunchError):
    """The program that was found, or that the variable names, is not the right one."""


@dataclass(frozen=True)
class Build:
    """A proxy's program, its version and the modules it was built with."""

    path: str
    version: str
    modules: frozenset[str]


def find_binary(file: str, proxy: Table, outer: Mapping[str, str]) -> str:
    """Return the program: the one its variable names, else its package's file, else the one on PATH.

    Raises `LaunchError` if there is none.
    """
    declared: Table = proxy.get("binary", {})
    if chosen := outer.get(declared.get("variable", ""), ""):
        return chosen
    if found := _in_package(file, declared):
        return found
    program: str = declared.get("program", "")
    if program and shutil.which(program, path=outer.get("PATH")):
        return program
    places = {"variable": "the variable {}", "package": "the package {}", "program": "{} on PATH"}
    wanted = [text.format(declared[key]) for key, text in places.items() if declared.get(key)]
    raise LaunchError(f"{file}: binary: not found; expected {', '.join(wanted) or 'a table that says where it is'}")


def inspect_binary(proxy: Table, path: str) -> Build:
    """Return a program's version and modules, read as `proxy` declares. Raises `BinaryError` if it is another one."""
    declared: Table = proxy.get("version", {})
    if not declared:
        return Build(path, "", frozenset())
    variable = proxy.get("binary", {}).get("variable", "")
    named = f"{variable}={path}" if variable else path
    argv = [path, *declared["argv"]]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BinaryError(f"{named}: cannot be run as {proxy['name']}: {error}") from error
    text = done.stdout + done.stderr
    try:
        version = find_version(proxy["name"], text, declared["pattern"])
    except LaunchError:
        raise BinaryError(f"{named}: `{' '.join(argv)}` prints no version of {proxy['name']}") from None
    modules = re.findall(declared["modules"], text, re.MULTILINE) if declared.get("modules") else ()
    return Build(path, version, frozenset(modules))


def find_version(proxy: str, text: str, pattern: str) -> str:
    """Return the version in a program's output. Raises `LaunchError` if there is none."""
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise LaunchError(f"no version of {proxy} in its output")
    return found[1]


def lacking(topology: str, version: str, modules: Collection[str], proxy: str, build: Build) -> str:
    """Return which required version or modules a program lacks for a topology; empty if it lacks nothing."""
    missing = sorted(set(modules) - build.modules)
    if version and _numbers(build.version) < _numbers(version):
        return f"{topology} needs {proxy} {version} or later; {build.path} is {build.version or 'of unknown version'}"
    if missing:
        return f"{topology} needs {proxy} built with {', '.join(missing)}; {build.path} is not"
    return ""


def _in_package(file: str, declared: Table) -> str:
    package, package_file = declared.get("package", ""), declared.get("package_file", "")
    if not package:
        return ""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return ""
    system, machine = platform.system().lower(), platform.machine().lower()
    system = _SYSTEMS.get(system, system)
    machines = (_MACHINES.get(machine, machine), machine)
    for name in machines:
        inside = fill(file, "binary.package_file", package_file, {"system": system, "machine": name})
        path = Path(str(found.locate_file(inside)))
        if path.is_file():
            return str(path)
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if version else ()
