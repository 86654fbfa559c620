"""The command line of `compose/start_proxy.py`: choose a topology's proxy and become it.

Topology and listener may also come from the environment, where the proxies' Compose file sets them.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from topolab.launch.numbers import port_number
from topolab.launch.program import Launch, Place, become, place_here
from topolab.launch.proxies import ProxyLaunch, ProxyRequest, find_proxy, launch_proxy
from topolab.launch.tables import LaunchError
from topolab.launch.topologies import listener_of

USAGE_EXIT_CODE = 2


def main(arguments: Sequence[str], own_root: Path) -> int:
    """Write the proxy's files below --prefix and become it there; with --print, only print its configuration."""
    options = _parse(arguments, os.environ, own_root)
    root = Path(options.root).resolve()
    try:
        wanted = _launch(options, root, place_here(root), os.environ)
        if options.print:
            sys.stdout.write("".join(wanted.texts.values()))
            return 0
        wanted.write(options.prefix)
        os.chdir(options.prefix)
        become(wanted.launch)
    except LaunchError as error:
        print(f"start_proxy.py: {error}", file=sys.stderr)
    except OSError as error:
        print(f"start_proxy.py: --prefix {options.prefix}: {error.strerror}", file=sys.stderr)
    return USAGE_EXIT_CODE


def foresee_proxy(root: Path, command: Sequence[str], environment: Mapping[str, str]) -> Launch:
    """Return what a container's `command`, an interpreter that runs `start_proxy.py`, becomes in its `environment`.

    `root` has the same tables here as the container has in its own folder. Raises `LaunchError`.
    """
    script = next(index for index, word in enumerate(command) if word.endswith("/start_proxy.py"))
    there = Path(command[script]).parents[1]
    options = _parse(command[script + 1 :], environment, there)
    # An image always has the program on its PATH, whatever this machine has.
    _, _, _, proxy = find_proxy(root, options.topology)
    options.binary = options.binary or proxy.get("binary", {}).get("program")
    return _launch(options, root, Place(command[0], str(there)), environment).launch


def _launch(options: argparse.Namespace, root: Path, place: Place, outer: Mapping[str, str]) -> ProxyLaunch:
    said = {f.name: str(value) for f in fields(ProxyRequest) if (value := getattr(options, f.name)) is not None}
    listener = options.listener or listener_of(root, options.topology)
    return launch_proxy(root, ProxyRequest(**{**said, "listener": listener}), place, outer)


def _parse(arguments: Sequence[str], environment: Mapping[str, str], own_root: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="start_proxy.py", description="Start a topology's proxy.")
    topology = environment.get("TOPOLOGY") or None
    parser.add_argument("topology", nargs="?" if topology else None, default=topology, help="a name in */topologies/")
    parser.add_argument(
        "--listener",
        default=environment.get("LISTENER") or None,
        help="the server's listener: cleartext or tls (default: what the topology's first route needs)",
    )
    parser.add_argument("--edge-host", dest="host", metavar="EDGE_HOST", help="the address to listen on")
    parser.add_argument("--edge-port", dest="port", metavar="EDGE_PORT", type=port_number, help="the port to listen on")
    parser.add_argument("--server-host", help="where the server is")
    parser.add_argument("--server-port", type=port_number, help="the server's port")
    parser.add_argument("--server-name", help="the name for SNI to the server")
    parser.add_argument("--cert", help="certificate chain, PEM")
    parser.add_argument("--key", help="its key, PEM")
    parser.add_argument("--binary", help="the program to run (default: found as the proxy's TOML describes)")
    parser.add_argument(
        "--prefix", type=Path, required=True, help="a writable folder for the configuration and temporary files"
    )
    parser.add_argument("--root", default=str(own_root), help="the folder that holds the proxies' folders")
    parser.add_argument("--print", action="store_true", help="print the configuration and stop")
    return parser.parse_args(arguments)
