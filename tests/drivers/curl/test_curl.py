"""What libcurl alone does: HTTP/3, another protocol than it asked for, and requests sent again."""

from __future__ import annotations

from pathlib import Path

from support.driver_stage import BODY, SEEN, Client, closed, free_port, hypercorn, nginx, opened, page, worker
from support.keys import Keys
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target


def test_http_3_is_spoken_on_as_many_connections_as_requested(client: Client, keys: Keys) -> None:
    port, lanes = free_port(), Lanes(2, 5)
    with hypercorn(port, certificate=keys.server):
        target = Target("127.0.0.1", port, ClientProtocol.H3, ca_file=keys.ca)
        seen = client.run(target, closed(lanes, path="/query?id=X&delay=0.05"))

    everything = {"h3": seen.good_responses}
    assert (seen.bad_responses, seen.good_responses >= lanes.in_flight) == ({}, True)
    assert (seen.client_protocols, seen.origin_protocols) == (everything, everything)
    assert (seen.client_connections, seen.origin_connections) == (lanes.connections, lanes.connections)


def test_a_udp_port_where_nobody_listens_refuses(client: Client, keys: Keys) -> None:
    seen = client.run(Target("127.0.0.1", free_port(), ClientProtocol.H3, ca_file=keys.ca), page(3))
    assert (seen.bad_responses, seen.client_connections) == ({"refused": 3}, 0)


def test_an_h2_client_that_gets_http_1_1_says_so(client: Client, tmp_path: Path, keys: Keys) -> None:
    port = free_port()
    tls = f"ssl_certificate {keys.server}; ssl_certificate_key {keys.server};"
    place = f"location / {{ {SEEN} return 200 '{BODY}'; }}"
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ssl; {tls} {place} }}"):
        target = Target("127.0.0.1", port, ClientProtocol.H2, ca_file=keys.ca)
        seen = client.run(target, closed(Lanes(2, 5)))

    assert seen.bad_responses == {}
    assert (seen.client_protocols, seen.client_connections) == ({"http/1.1": seen.good_responses}, 2)


def test_a_connection_that_the_server_retires_is_replaced_without_a_bad_response(
    client: Client, tmp_path: Path
) -> None:
    port = free_port()
    place = f"location / {{ {SEEN} return 200 '{BODY}'; }}"
    limits = f"listen 127.0.0.1:{port} ; http2 on; keepalive_requests 10;"
    with nginx(tmp_path, f"server {{ {limits} {place} }}"):
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H2C), closed(Lanes(2, 5)))

    assert seen.bad_responses == {}
    assert seen.client_connections >= seen.good_responses / 10
    assert seen.client_connections == seen.origin_connections


def test_proxies_in_the_environment_are_not_used() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    port = free_port()
    with (
        worker({"http_proxy": nobody, "ALL_PROXY": nobody}) as client,
        hypercorn(port),
    ):
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), opened(Lanes(1)))

    assert (seen.good_responses, seen.bad_responses) == (60, {})
