"""A quiet network has a working loopback interface of its own, and is left again."""

from __future__ import annotations

import socket
import subprocess

import pytest

from support.quiet_network import quiet_network


def test_only_its_own_loopback_is_there_and_the_machines_network_afterwards() -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        with quiet_network() as quiet:
            if not quiet:
                pytest.skip("a network namespace needs Linux and root")
            listed = subprocess.run(["cat", "/proc/net/dev"], capture_output=True, text=True, check=True).stdout
            with socket.create_server(("127.0.0.1", 0)) as inside, socket.create_connection(inside.getsockname()):
                pass
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(outside.getsockname())
        with socket.create_connection(outside.getsockname()):
            pass
    assert [line.split(":")[0].strip() for line in listed.splitlines()[2:]] == ["lo"]
