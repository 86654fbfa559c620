"""A reserved port is free for the server and for nobody else."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys

import pytest

from topolab.process.ports import LOOPBACK, ReservedPort, loopback_trouble


def test_a_server_can_listen_on_a_reserved_port() -> None:
    with ReservedPort() as port, socket.socket() as server, socket.socket() as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port.number))
        server.listen()
        client.connect((LOOPBACK, port.number))
        accepted, peer = server.accept()
        accepted.close()
        assert peer == client.getsockname()


def test_datagrams_reach_the_server_and_not_the_reservation() -> None:
    with (
        ReservedPort() as port,
        socket.socket(type=socket.SOCK_DGRAM) as server,
        socket.socket(type=socket.SOCK_DGRAM) as client,
    ):
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port.number))
        server.settimeout(5)
        for number in range(50):
            client.sendto(str(number).encode(), (LOOPBACK, port.number))
            assert server.recv(100) == str(number).encode()


def test_the_kernel_does_not_hand_out_a_reserved_port() -> None:
    with ReservedPort() as port:
        others = [ReservedPort() for _ in range(200)]
        try:
            assert port.number not in {other.number for other in others}
            assert len({other.number for other in others}) == len(others)
        finally:
            for other in others:
                other.__exit__(None, None, None)


def test_a_port_is_free_again_afterwards() -> None:
    with ReservedPort() as port:
        number = port.number
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind((LOOPBACK, number))
    with socket.socket() as stranger:
        stranger.bind((LOOPBACK, number))


def test_loopback_works_here() -> None:
    assert loopback_trouble() == ""


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="a network namespace of one's own takes root and unshare"
)
def test_a_loopback_interface_that_is_down_is_reported_with_advice() -> None:
    ask = "from topolab.process.ports import loopback_trouble; print(loopback_trouble())"
    done = subprocess.run(["unshare", "--net", sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "127.0.0.1 cannot be used: network is unreachable; "
        "bring the loopback interface up, on Linux with: sudo ip link set lo up\n"
    )
