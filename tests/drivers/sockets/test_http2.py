"""Over HTTP/2 the driver obeys the server's settings, and counts what becomes of each stream."""

from __future__ import annotations

import socket

import pytest
from h2.connection import H2Connection
from h2.errors import ErrorCodes

from support.driver_stage import scripted
from support.h2_server import HEADERS, OnRequest, answer, converse
from support.sockets_load import Came, ask
from topolab.drivers.sockets.http2 import frame
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol

EIGHT = Lanes(1, 8)


def load(on_request: OnRequest, requests: int = 16, *, streams: int = 100, lanes: Lanes = EIGHT, **more: str) -> Came:
    """Ask a server that calls `on_request` with each stream."""
    with scripted(lambda connection: converse(connection, on_request, streams=streams)) as port:
        return ask(port, requests, protocol=ClientProtocol.H2C, lanes=lanes, **more)  # type: ignore[arg-type]


def test_many_requests_are_answered_on_one_connection() -> None:
    came = load(answer, 200)
    assert (came.good, came.bad, came.strays, came.connections) == (200, {}, {}, 1)


def test_no_more_streams_are_open_than_the_server_allows() -> None:
    open_now: list[int] = []
    most: list[int] = []

    def on_request(h2: H2Connection, stream: int) -> None:
        open_now.append(stream)
        most.append(len(open_now))
        if len(open_now) == 3:
            for asked in open_now:
                answer(h2, asked)
            open_now.clear()

    came = load(on_request, 30, streams=3)
    assert (came.good, came.bad, max(most)) == (30, {}, 3)


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_a_body_is_put_together_from_its_frames(pieces: int) -> None:
    def on_request(h2: H2Connection, stream: int) -> None:
        h2.send_headers(stream, [*HEADERS, ("content-length", str(4 * pieces))])
        for index in range(pieces):
            h2.send_data(stream, b"spam", end_stream=index == pieces - 1, pad_length=index or None)

    came = load(on_request, body="spam" * pieces)
    assert (came.good, came.bad) == (16, {})


def test_trailers_and_informational_heads_are_not_the_answer() -> None:
    def on_request(h2: H2Connection, stream: int) -> None:
        h2.send_headers(stream, [(":status", "103"), ("link", "</x>")])
        h2.send_headers(stream, HEADERS)
        h2.send_data(stream, b"spam")
        h2.send_headers(stream, [("x-trailer", "1")], end_stream=True)

    came = load(on_request)
    assert (came.good, came.bad) == (16, {})


def test_a_head_may_take_several_frames() -> None:
    def on_request(h2: H2Connection, stream: int) -> None:
        h2.send_headers(stream, [*HEADERS, ("x-long", "x" * 20_000)])
        h2.send_data(stream, b"spam", end_stream=True)

    came = load(on_request, 1)
    assert (came.good, came.bad) == (1, {})


def test_a_body_of_another_length_than_its_head_says_is_bad() -> None:
    def serve(connection: socket.socket) -> None:
        def on_request(h2: H2Connection, stream: int) -> None:
            h2.send_headers(stream, [*HEADERS, ("content-length", "4")])
            connection.sendall(h2.data_to_send() + frame(0, 1, stream, b"spa"))

        converse(connection, on_request)

    with scripted(serve) as port:
        came = ask(port, 1, protocol=ClientProtocol.H2C, body="spa")
    assert (came.good, came.bad) == (0, {"broken answer": 1})


@pytest.mark.parametrize(
    ("code", "fault"),
    [(ErrorCodes.REFUSED_STREAM, "stream refused"), (ErrorCodes.CANCEL, "stream cancelled"), (2, "reset")],
)
def test_a_stream_that_is_reset_is_lost_not_repeated(code: int, fault: str) -> None:
    def on_request(h2: H2Connection, stream: int) -> None:
        if stream % 4 == 1:
            answer(h2, stream)
        else:
            h2.reset_stream(stream, code)

    came = load(on_request)
    assert (came.good, came.bad, came.connections) == (8, {fault: 8}, 1)


def test_a_connection_that_goes_away_answers_what_it_took_and_is_replaced() -> None:
    def serve(connection: socket.socket) -> None:
        def on_request(h2: H2Connection, stream: int) -> None:
            answer(h2, stream)
            if stream == 9:
                connection.sendall(h2.data_to_send() + frame(7, 0, 0, (9).to_bytes(4, "big") + bytes(4)))

        converse(connection, on_request)

    with scripted(serve) as port:
        came = ask(port, 15, protocol=ClientProtocol.H2C)
    assert (came.good, came.bad, came.connections) == (15, {}, 3)


def test_streams_after_the_last_that_was_taken_are_lost() -> None:
    def serve(connection: socket.socket) -> None:
        asked: list[int] = []

        def on_request(h2: H2Connection, stream: int) -> None:
            asked.append(stream)
            if len(asked) == 8:
                connection.sendall(h2.data_to_send() + frame(7, 0, 0, (5).to_bytes(4, "big") + bytes(4)))
                for taken in (1, 3, 5):
                    answer(h2, taken)

        converse(connection, on_request)

    with scripted(serve) as port:
        came = ask(port, 8, protocol=ClientProtocol.H2C, lanes=EIGHT)
    assert (came.good, came.bad) == (3, {"stream refused": 5})


def test_data_after_the_end_of_an_answer_is_counted() -> None:
    def serve(connection: socket.socket) -> None:
        def on_request(h2: H2Connection, stream: int) -> None:
            answer(h2, stream)
            connection.sendall(h2.data_to_send() + frame(0, 1, stream, b"spam"))

        converse(connection, on_request)

    with scripted(serve) as port:
        came = ask(port, 4, protocol=ClientProtocol.H2C)
    assert came.good == 4
    assert came.strays.get("more than the answer", 0) >= 3


def test_an_answer_on_a_stream_that_was_never_opened_is_counted() -> None:
    def serve(connection: socket.socket) -> None:
        def on_request(h2: H2Connection, stream: int) -> None:
            connection.sendall(h2.data_to_send() + frame(0, 1, 99, b"spam"))
            answer(h2, stream)

        converse(connection, on_request)

    with scripted(serve) as port:
        came = ask(port, 1, protocol=ClientProtocol.H2C)
    assert (came.good, came.strays) == (1, {"answer without a request": 1})


def test_a_ping_is_answered() -> None:
    def on_request(h2: H2Connection, stream: int) -> None:
        if stream == 1:
            h2.ping(b"spamspam")
        answer(h2, stream)

    came = load(on_request, 64)
    assert (came.good, came.bad) == (64, {})


def test_a_server_may_have_no_table_of_headers() -> None:
    def serve(connection: socket.socket) -> None:
        def on_request(h2: H2Connection, stream: int) -> None:
            answer(h2, stream)

        converse(connection, on_request, table=0)

    with scripted(serve) as port:
        came = ask(port, 20, protocol=ClientProtocol.H2C, lanes=EIGHT)
    assert (came.good, came.bad) == (20, {})


def test_bytes_that_are_not_http_2_end_the_connection() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

    with scripted(serve) as port:
        came = ask(port, 3, protocol=ClientProtocol.H2C)
    assert (came.good, came.bad) == (0, {"broken answer": 3})


def test_what_follows_the_end_of_a_connection_is_not_read_on_the_next() -> None:
    first = iter([True])

    def serve(connection: socket.socket) -> None:
        goes_away = next(first, False)

        def on_request(h2: H2Connection, stream: int) -> None:
            if goes_away:
                connection.sendall(h2.data_to_send() + frame(7, 0, 0, bytes(8)) + b"spam")
            else:
                answer(h2, stream)

        converse(connection, on_request, streams=1)

    with scripted(serve) as port:
        came = ask(port, 3, protocol=ClientProtocol.H2C, lanes=Lanes(1, 3))
    assert (came.good, came.bad) == (2, {"stream refused": 1})


@pytest.mark.parametrize(
    ("kind", "payload"), [(3, b"\0"), (4, b"\0\3"), (7, b"\0\0")], ids=["reset", "settings", "goaway"]
)
def test_a_frame_of_an_impossible_length_ends_the_connection(kind: int, payload: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        def on_request(h2: H2Connection, stream: int) -> None:
            connection.sendall(h2.data_to_send() + frame(kind, 0, stream if kind == 3 else 0, payload))

        converse(connection, on_request)

    with scripted(serve) as port:
        came = ask(port, 2, protocol=ClientProtocol.H2C)
    assert (came.good, came.bad) == (0, {"broken answer": 2})


@pytest.mark.parametrize("length", [100, 126, 127, 254, 255, 300, 5000])
def test_a_path_of_any_length_is_sent_whole(length: int) -> None:
    paths: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        def on_request(h2: H2Connection, stream: int) -> None:
            answer(h2, stream)

        converse(connection, on_request, paths=paths)

    path = "/" + "x" * (length - 1)
    with scripted(serve) as port:
        came = ask(port, 2, protocol=ClientProtocol.H2C, path=path)
    assert (came.good, paths) == (2, [path.encode()] * 2)
