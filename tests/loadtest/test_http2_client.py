"""The HTTP/2 client of Locust users, with servers of the catalogue and with scripted ones."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import gevent
import pytest
import trustme
from h2.connection import H2Connection

from http2_client import Http2Client, Reply, RequestFailed
from support.driver_stage import answer as http1_answer
from support.driver_stage import free_port, scripted
from support.h2_server import HEADERS, answer, answer_together, converse
from support.serving import Certificate

MEBIBYTE = 1024 * 1024


@contextmanager
def client(url: str, **settings: float | int | str) -> Iterator[Http2Client]:
    """A client, closed at the end."""
    made = Http2Client(url, **settings)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def together(asks: list[Callable[[], Reply]]) -> list[Reply]:
    """The replies to requests sent at the same time."""
    greenlets = [gevent.spawn(ask) for ask in asks]
    gevent.joinall(greenlets, raise_error=True)
    return [greenlet.value for greenlet in greenlets]


def failure(made: Http2Client) -> str:
    """Why a request fails."""
    with pytest.raises(RequestFailed) as failed:
        made.get("/")
    return str(failed.value)


@pytest.mark.parametrize("host", ["tls_host", "cleartext_host"])
def test_many_requests_at_once_share_one_connection(host: str, request: pytest.FixtureRequest) -> None:
    with client(request.getfixturevalue(host)) as made:
        replies = together([partial(made.get, f"/query?id={number}") for number in range(300)])
        assert [reply.body for reply in replies] == [
            b'{"text":"spam, egg, spam and spam!, %d!"}' % number for number in range(300)
        ]
        assert {(reply.status, reply.protocol, reply.header("x-origin-http-version")) for reply in replies} == {
            (200, "h2", "2")
        }
        assert sum(reply.connections_opened for reply in replies) == 1
        assert made.get("/query?id=more").connections_opened == 0


@pytest.mark.parametrize("host", ["tls_host", "cleartext_host"])
def test_large_bodies_go_both_ways_at_the_same_time(host: str, request: pytest.FixtureRequest) -> None:
    bodies = [bytes([number]) * (number * MEBIBYTE + 17) for number in range(1, 5)]
    with client(request.getfixturevalue(host)) as made:
        posted = together([partial(made.post, "/echo", body) for body in bodies])
        assert [reply.body == body for reply, body in zip(posted, bodies, strict=True)] == [True] * 4
        assert len(made.get(f"/bytes/{16 * MEBIBYTE}").body) == 16 * MEBIBYTE
        # A handle that sent a POST can send a GET again, and a POST without a body.
        assert [made.get("/query?id=x").status, made.post("/echo", b"").body] == [200, b""]


def test_any_status_is_an_answer(cleartext_host: str) -> None:
    with client(cleartext_host) as made:
        reply = made.get("/nowhere")
    assert (reply.status, reply.header("content-type"), reply.header("x-nothing")) == (404, "application/json", None)


def test_certificates_are_checked_against_the_given_authority(
    tls_host: str, certificate: Certificate, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with client(tls_host, ca_file=str(certificate.authority)) as made:
        assert made.get("/healthz").body == b"ok"
    with client(tls_host, ca_file=str(tmp_path / "other.pem")) as made:
        assert failure(made) == "certificate not trusted"


def test_no_more_streams_are_open_than_the_server_allows() -> None:
    held: list[int] = []
    most: list[int] = []

    def three_by_three(h2: H2Connection, stream: int) -> None:
        held.append(stream)
        most.append(len(held))
        if len(held) == 3:
            for waiting in held:
                answer(h2, waiting)
            held.clear()

    with scripted(partial(converse, on_request=three_by_three, streams=3)) as port, client(_url(port)) as made:
        # The client knows the limit only after the server's SETTINGS.
        warm = [gevent.spawn(made.get, "/") for _ in range(3)]
        gevent.joinall(warm, raise_error=True)
        replies = together([partial(made.get, "/") for _ in range(12)])
    assert [reply.body for reply in replies] == [b"spam"] * 12
    assert max(most) == 3


def test_responses_that_arrive_together_are_all_read(certificate: Certificate) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    context.set_alpn_protocols(["h2"])
    with (
        scripted(partial(answer_together, context=context, count=12)) as port,
        client(f"https://127.0.0.1:{port}", timeout_s=5.0) as made,
    ):
        for _ in range(20):
            replies = together([partial(made.get, "/") for _ in range(12)])
            assert [reply.body for reply in replies] == [b"spam"] * 12


def test_a_reset_stream_fails_alone() -> None:
    def on_request(h2: H2Connection, stream: int) -> None:
        if stream == 1:
            h2.reset_stream(stream, error_code=2)
        else:
            answer(h2, stream)

    with scripted(partial(converse, on_request=on_request)) as port, client(_url(port)) as made:
        assert failure(made) == "stream reset"
        assert made.get("/").connections_opened == 0


def test_requests_that_a_server_going_away_has_not_seen_are_sent_again_on_a_new_connection() -> None:
    connections: list[int] = []

    def serve(connection: socket.socket) -> None:
        connections.append(1)
        first = len(connections) == 1

        def on_request(h2: H2Connection, stream: int) -> None:
            if first and stream > 1:
                h2.close_connection(last_stream_id=1)
            else:
                answer(h2, stream)

        converse(connection, on_request)

    with scripted(serve) as port, client(_url(port)) as made:
        assert [made.get("/").body for _ in range(2)] == [b"spam"] * 2
    assert len(connections) == 2


def test_a_connection_that_closed_while_idle_is_replaced() -> None:
    def once(connection: socket.socket) -> None:
        def on_request(h2: H2Connection, stream: int) -> None:
            answer(h2, stream)
            h2.close_connection()

        converse(connection, on_request)

    with scripted(once) as port, client(_url(port)) as made:
        assert [made.get("/").connections_opened for _ in range(3)] == [1, 1, 1]


def test_a_response_that_breaks_off_is_a_failure() -> None:
    def serve(connection: socket.socket) -> None:
        def on_request(h2: H2Connection, stream: int) -> None:
            h2.send_headers(stream, [*HEADERS, ("content-length", "100")])
            h2.send_data(stream, b"half")
            connection.sendall(h2.data_to_send())
            connection.shutdown(socket.SHUT_RDWR)

        converse(connection, on_request)

    with scripted(serve) as port, client(_url(port)) as made:
        assert failure(made) in ("connection closed within the response", "connection lost")


def test_no_answer_in_time_is_a_failure_and_leaves_the_connection_usable() -> None:
    def on_request(h2: H2Connection, stream: int) -> None:
        if stream > 1:
            answer(h2, stream)

    with scripted(partial(converse, on_request=on_request)) as port, client(_url(port), timeout_s=1.0) as made:
        assert failure(made) == "timed out"
        assert made.get("/").body == b"spam"


def test_a_server_of_another_protocol_is_refused() -> None:
    def http1(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(http1_answer())

    with scripted(http1) as port, client(_url(port)) as made:
        # A server that closes with unread data resets the connection, and its answer may be lost.
        assert failure(made) in ("no HTTP/2, or broken", "connection lost")


def test_nobody_listening_is_a_failure() -> None:
    with client(_url(free_port())) as made:
        assert failure(made) == "connection refused"


def test_stopping_a_user_stops_its_requests() -> None:
    def on_request(h2: H2Connection, stream: int) -> None:
        if stream > 1:
            answer(h2, stream)

    with scripted(partial(converse, on_request=on_request)) as port, client(_url(port)) as made:
        asking = gevent.spawn(made.get, "/")
        asking.join(timeout=0.2)
        asking.kill()
        assert made.get("/").body == b"spam"


def test_closing_the_client_ends_its_requests() -> None:
    with scripted(partial(converse, on_request=lambda h2, stream: None)) as port:  # noqa: ARG005
        made = Http2Client(_url(port))
        asking = gevent.spawn(made.get, "/")
        asking.join(timeout=0.1)
        made.close()
        with pytest.raises(RequestFailed, match="client closed"):
            asking.get()


def test_only_http_urls_are_accepted() -> None:
    with pytest.raises(ValueError, match="not an http:// or https:// URL"):
        Http2Client("ftp://127.0.0.1")


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
