"""How many connections the driver opens and how many requests it keeps in flight on each."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from support.driver_stage import SEEN, Client, answer, closed, free_port, hypercorn, nginx, opened, page, scripted
from support.keys import Keys
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target

DELAYED = "/query?id=X&delay=0.05"
MANY = [
    (ClientProtocol.H1C, Lanes(8)),
    (ClientProtocol.H2C, Lanes(8)),
    (ClientProtocol.H2C, Lanes(1, 50)),
    (ClientProtocol.H2C, Lanes(3, 7)),
]


@pytest.fixture(scope="module")
def cleartext_port() -> Iterator[int]:
    port = free_port()
    with hypercorn(port):
        yield port


@pytest.fixture(scope="module")
def encrypted_port(keys: Keys) -> Iterator[int]:
    port = free_port()
    with hypercorn(port, certificate=keys.server):
        yield port


@pytest.mark.parametrize(("protocol", "lanes"), MANY, ids=str)
def test_a_closed_load_fills_every_stream_of_every_connection(
    client: Client, cleartext_port: int, protocol: ClientProtocol, lanes: Lanes
) -> None:
    _peaks(cleartext_port)

    seen = client.run(Target("127.0.0.1", cleartext_port, protocol), closed(lanes, path=DELAYED))

    assert seen.bad_responses == {}
    assert sorted(_peaks(cleartext_port).values()) == [lanes.streams] * lanes.connections
    assert (seen.client_connections, seen.origin_connections) == (lanes.connections, lanes.connections)
    assert seen.good_responses >= lanes.in_flight


@pytest.mark.parametrize("protocol", [ClientProtocol.HTTP1, ClientProtocol.H2])
def test_each_protocol_is_spoken_on_as_many_connections_as_requested(
    client: Client, encrypted_port: int, keys: Keys, protocol: ClientProtocol
) -> None:
    lanes = Lanes(4) if protocol is ClientProtocol.HTTP1 else Lanes(2, 5)

    seen = client.run(Target("127.0.0.1", encrypted_port, protocol, ca_file=keys.ca), closed(lanes, path=DELAYED))

    everything = {protocol.protocol.value: seen.good_responses}
    assert seen.bad_responses == {}
    assert seen.good_responses >= lanes.in_flight
    assert (seen.client_protocols, seen.origin_protocols) == (everything, everything)
    assert (seen.client_connections, seen.origin_connections) == (lanes.connections, lanes.connections)


def test_an_open_load_uses_all_connections_in_turn_even_if_one_is_enough(client: Client, cleartext_port: int) -> None:
    load = opened(Lanes(5), rate_per_s=100.0)

    seen = client.run(Target("127.0.0.1", cleartext_port, ClientProtocol.H1C), load)

    assert (seen.good_responses, seen.client_connections) == (30, 5)


def test_connections_of_the_warm_up_are_kept_for_the_load(client: Client) -> None:
    accepted = []

    def serve(connection: socket.socket) -> None:
        accepted.append(connection)
        _answer_for_ever(connection)

    with scripted(serve) as port:
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), closed(Lanes(3)))

    assert (seen.client_connections, len(accepted), seen.bad_responses) == (3, 3, {})


def test_a_server_that_closes_after_every_response_costs_a_connection_each(client: Client, tmp_path: Path) -> None:
    port = free_port()
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port}; keepalive_timeout 0; {_location()} }}"):
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), closed(Lanes(4)))

    assert seen.good_responses > 4
    assert (seen.bad_responses, seen.client_connections) == ({}, seen.good_responses)


@pytest.mark.parametrize(
    ("protocol", "connections", "at_least_s"), [(ClientProtocol.H1C, 6, 1.2), (ClientProtocol.H2C, 1, 0.3)]
)
def test_a_page_of_24_takes_four_waves_on_six_connections_and_one_on_a_multiplexed_one(
    client: Client, cleartext_port: int, protocol: ClientProtocol, connections: int, at_least_s: float
) -> None:
    _peaks(cleartext_port)

    seen = client.run(Target("127.0.0.1", cleartext_port, protocol), page(24, path="/query?id=X&delay=0.3"))

    assert (seen.good_responses, seen.bad_responses) == (24, {})
    assert (seen.client_connections, seen.origin_connections) == (connections, connections)
    assert sorted(_peaks(cleartext_port).values()) == ([1] * 6 if connections == 6 else [24])
    assert seen.page_seconds is not None
    assert seen.page_seconds >= 0.99 * at_least_s  # timers may fire a little early
    assert sum(seen.series) == 24


def test_a_page_that_needs_fewer_connections_opens_fewer(client: Client, cleartext_port: int) -> None:
    seen = client.run(Target("127.0.0.1", cleartext_port, ClientProtocol.H1C), page(2))

    assert (seen.good_responses, seen.client_connections) == (2, 2)


def test_a_page_starts_cold_on_a_connection_that_the_warm_up_did_not_open(client: Client) -> None:
    requests: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        requests.append(connection.recv(4096))
        connection.sendall(answer())
        connection.recv(1)

    with scripted(serve) as port:
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), page(1))

    assert (seen.good_responses, seen.client_connections) == (1, 1)
    assert [request.split(b" ")[1] for request in requests] == [b"/query?id=warm-up", b"/query?id=X"]


def _answer_for_ever(connection: socket.socket) -> None:
    while connection.recv(4096):
        connection.sendall(answer())


def _location() -> str:
    return f'location / {{ {SEEN} return 200 \'{{"text": "spam, egg, spam and spam!, X!"}}\'; }}'


def _peaks(port: int) -> dict[str, int]:
    """Requests in flight at once on each connection since the last time this was asked, without our own."""
    with urlopen(f"http://127.0.0.1:{port}/peaks") as response:
        peaks: dict[str, int] = json.load(response)
        return peaks
