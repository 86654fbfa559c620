"""Finding a topology's file, and what it says about the server's listener."""

from __future__ import annotations

from pathlib import Path

from topolab.launch.tables import LaunchError, Table, read_table

PATTERN = "[!.]*/topologies/[!.]*.toml"
"""Where topologies are: in their proxy's folder, or in that of the servers where there is no proxy."""


def find_topology(root: Path, name: str) -> tuple[str, Table]:
    """Return a topology's file, as messages name it, and its table. Raises `LaunchError` where there is none."""
    files = {path.stem: path for path in sorted(root.glob(PATTERN))}
    if name not in files:
        raise LaunchError(f"{name}: no such topology; there are {', '.join(sorted(files)) or 'none at all'}")
    file = files[name].relative_to(root).as_posix()
    return file, read_table(root, file)


def listener_of(root: Path, name: str) -> str:
    """Return what the topology's first route reaches the server over: its listener where nobody names another."""
    file, topology = find_topology(root, name)
    try:
        transport: str = topology["routes"][0]["server"][0]["transport"]
    except (LookupError, TypeError) as error:
        raise LaunchError(f"{file}: routes: the first route names no transport to the server") from error
    return transport
