"""A reserved port is nobody else's, and still the server's."""

from __future__ import annotations

import socket

import pytest

from topolab.process.ports import LOOPBACK, ReservedPort


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


def test_no_one_who_asks_for_any_port_is_given_a_reserved_one() -> None:
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
