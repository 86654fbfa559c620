"""Every way a response can be bad, caught and named."""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from support.driver_stage import (
    BODY,
    SEEN,
    Client,
    answer,
    closed,
    free_port,
    nginx,
    page,
    scripted,
)
from support.keys import Keys
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target

WRONG_ANSWERS = {
    "return 502": "status 502",
    f"{SEEN} return 404": "status 404",
    f"{SEEN} return 200 'spam'": "body differs",
    f"{SEEN} return 301 /elsewhere": "status 301",
    f"return 200 '{BODY}'": "no origin version",
}


@pytest.mark.parametrize("protocol", [ClientProtocol.H1C, ClientProtocol.H2C, ClientProtocol.H2])
def test_wrong_answers_are_counted_by_kind_and_never_as_good(
    client: Client, tmp_path: Path, keys: Keys, protocol: ClientProtocol
) -> None:
    port = free_port()
    places = "".join(f"location = /{index} {{ {what}; }}" for index, what in enumerate(WRONG_ANSWERS))
    certificate = f"ssl_certificate {keys.server}; ssl_certificate_key {keys.server};"
    tls = f"ssl; {certificate}" if protocol is ClientProtocol.H2 else ";"
    target = Target("127.0.0.1", port, protocol, ca_file=keys.ca)
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} {tls} http2 on; {places} }}"):
        for index, fault in enumerate(WRONG_ANSWERS.values()):
            seen = client.run(target, page(8, path=f"/{index}"))

            assert (seen.good_responses, seen.bad_responses) == (0, {fault: 8})
            assert (seen.page_seconds, seen.origin_connections) == (None, None)
            assert sum(seen.client_protocols.values()) == 8


def test_the_requests_number_is_filled_into_path_and_expected_body(client: Client, tmp_path: Path) -> None:
    port = free_port()
    place = f'location ~ ^/message/([0-9a-f]+)$ {{ {SEEN} return 200 \'{{"n": "$1"}}\'; }}'
    load = closed(Lanes(4), path="/message/{i}", body='{"n": "{i}"}')
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port}; {place} }}"):
        target = Target("127.0.0.1", port, ClientProtocol.H1C)
        right = client.run(target, load)
        wrong = client.run(target, page(3, path="/message/{i}", body='{"n": "2"}'))

    assert right.good_responses > 4
    assert right.bad_responses == {}
    assert (wrong.good_responses, wrong.bad_responses) == (0, {"body differs": 3})


def _reset(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _half(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(answer()[:-5])


def _hang(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


@pytest.mark.parametrize(
    ("serve", "fault"),
    [
        (lambda connection: connection.recv(4096), "closed early"),
        (_half, "closed early"),
        (_reset, "reset"),
        (_hang, "timed out"),
    ],
    ids=["no answer", "half an answer", "reset", "hang"],
)
def test_a_broken_connection_has_a_name(client: Client, serve: Callable[[socket.socket], object], fault: str) -> None:
    with scripted(serve) as port:
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), page(3, timeout_s=0.3))

    assert (seen.good_responses, seen.bad_responses) == (0, {fault: 3})


@pytest.mark.parametrize("protocol", [p for p in ClientProtocol if p is not ClientProtocol.H3])
def test_a_port_where_nobody_listens_refuses(client: Client, keys: Keys, protocol: ClientProtocol) -> None:
    seen = client.run(Target("127.0.0.1", free_port(), protocol, ca_file=keys.ca), page(3))

    assert (seen.bad_responses, seen.client_connections) == ({"refused": 3}, 0)


def test_a_closed_load_on_a_server_that_hangs_still_ends(client: Client) -> None:
    with scripted(_hang) as port:
        load = closed(Lanes(2), warm_up_s=0, duration_s=0.1, timeout_s=0.3)
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert (seen.good_responses, seen.bad_responses) == (0, {"timed out": 2})
    assert seen.requests_per_second == 0


@pytest.mark.parametrize(("protocol", "lanes"), [(ClientProtocol.H1C, Lanes(4)), (ClientProtocol.H2C, Lanes(1, 4))])
def test_a_server_killed_in_mid_load_leaves_its_good_responses_and_named_bad_ones(
    client: Client, tmp_path: Path, protocol: ClientProtocol, lanes: Lanes
) -> None:
    port = free_port()
    place = f"location / {{ {SEEN} return 200 '{BODY}'; }}"
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ; http2 on; {place} }}") as server:
        killer = threading.Timer(0.3, lambda: os.killpg(server.pid, signal.SIGKILL))
        target, load = Target("127.0.0.1", port, protocol), closed(lanes, duration_s=0.6)
        seen = client.run(target, load, on_go=killer.start)
        killer.join()

    assert seen.good_responses > 0
    assert seen.bad_responses["refused"] > 0
    assert set(seen.bad_responses) <= {"refused", "reset", "closed early"}


def test_a_certificate_of_an_unknown_authority_or_for_another_name_is_refused(
    client: Client, tmp_path: Path, keys: Keys
) -> None:
    port = free_port()
    certificate = f"ssl_certificate {keys.server}; ssl_certificate_key {keys.server};"
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ssl; {certificate} return 200; }}"):
        stranger = Target("127.0.0.1", port, ClientProtocol.HTTP1)
        other_name = Target("127.0.0.1", port, ClientProtocol.HTTP1, name="other.test", ca_file=keys.ca)

        assert client.run(stranger, page(1)).bad_responses == {"tls": 1}
        assert client.run(other_name, page(1)).bad_responses == {"tls": 1}


def test_a_server_without_tls_1_3_is_refused(client: Client, tmp_path: Path, keys: Keys) -> None:
    port = free_port()
    tls = f"ssl_protocols TLSv1.2; ssl_certificate {keys.server}; ssl_certificate_key {keys.server};"
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ssl; {tls} return 200; }}"):
        target = Target("127.0.0.1", port, ClientProtocol.HTTP1, ca_file=keys.ca)

        assert client.run(target, page(1)).bad_responses == {"tls": 1}


@pytest.mark.parametrize(
    ("protocol", "h2_alone", "offered"),
    [
        (ClientProtocol.HTTP1, False, b"\x00\x09\x08http/1.1"),
        (ClientProtocol.H2, False, b"\x00\x0c\x02h2\x08http/1.1"),
        (ClientProtocol.H2, True, b"\x00\x03\x02h2"),
    ],
)
def test_the_client_offers_the_requested_protocols_and_only_tls_1_3(
    client: Client, keys: Keys, protocol: ClientProtocol, h2_alone: bool, offered: bytes
) -> None:
    hellos: list[bytes] = []
    with scripted(lambda connection: hellos.append(connection.recv(65536))) as port:
        target = Target("127.0.0.1", port, protocol, ca_file=keys.ca, h2_alone=h2_alone)
        seen = client.run(target, page(1))

    assert seen.good_responses == 0
    assert hellos
    for hello in hellos:
        # Extension 16 is ALPN (RFC 7301), 43 is supported_versions (RFC 8446, section 4.2.1): one of them, 0304.
        assert b"\x00\x10" + struct.pack(">H", len(offered)) + offered in hello
        assert b"\x00\x2b\x00\x03\x02\x03\x04" in hello


def test_an_origin_that_names_no_peers_has_no_count_of_connections(client: Client) -> None:
    def serve(connection: socket.socket) -> None:
        while connection.recv(4096):
            connection.sendall(answer(extra="x-origin-peer:\r\n"))

    with scripted(serve) as port:
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), page(2))

    assert (seen.good_responses, seen.origin_connections) == (2, None)


def test_an_informational_response_is_not_the_answer(client: Client) -> None:
    def serve(connection: socket.socket) -> None:
        while connection.recv(4096):
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + answer())

    with scripted(serve) as port:
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), page(2))

    assert (seen.good_responses, seen.bad_responses, seen.client_protocols) == (2, {}, {"http/1.1": 2})
