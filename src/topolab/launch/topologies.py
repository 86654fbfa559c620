"""Finds a topology's file, and the server listener that it needs."""

from __future__ import annotations

from pathlib import Path

from topolab.launch.tables import LaunchError, Table, read_table

PATTERN = "[!.]*/topologies/[!.]*.toml"
"""Where topologies are: in their proxy's folder, or in `WITHOUT_PROXY` if they have none."""
WITHOUT_PROXY = "servers"


def topology_files(root: Path) -> dict[str, str]:
    """Return the file of each topology below `root`, as messages name it, by the topology's name."""
    return {path.stem: path.relative_to(root).as_posix() for path in sorted(root.glob(PATTERN))}


def find_topology(root: Path, name: str) -> tuple[str, Table]:
    """Return a topology's file, as messages name it, and its table. Raises `LaunchError` if there is none."""
    files = topology_files(root)
    if name not in files:
        raise LaunchError(f"{name}: no such topology; there are {', '.join(sorted(files)) or '(none)'}")
    return files[name], read_table(root, files[name])


def listener_of(root: Path, name: str) -> str:
    """Return the transport of the topology's first route to the server: the listener unless another is named."""
    file, topology = find_topology(root, name)
    try:
        transport: str = topology["routes"][0]["server"][0]["transport"]
    except (LookupError, TypeError) as error:
        raise LaunchError(f"{file}: routes: the first route has no transport to the server") from error
    return transport
