"""Over HTTP/1.1 an answer counts as good only if it is, byte for byte, the one to its own request."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable

import pytest

from support.driver_stage import answer, free_port, scripted
from support.sockets_load import ask
from topolab.drivers.sockets.wire import Wire, WireError
from topolab.model.profile import Lanes

Serve = Callable[[socket.socket], object]
SPAM = answer("spam")
ECHO = "spam, {i}"


def each(reply: Callable[[bytes], bytes]) -> Serve:
    """Answer every request with what `reply` makes of it."""

    def serve(connection: socket.socket) -> None:
        while request := connection.recv(65536):
            connection.sendall(reply(request))

    return serve


def identity(request: bytes) -> str:
    found = re.search(rb"GET /query\?id=(\S+) ", request)
    assert found
    return found[1].decode()


def in_pieces(data: bytes) -> Serve:
    """Answer every request byte by byte."""

    def serve(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.recv(65536):
            for index in range(len(data)):
                connection.sendall(data[index : index + 1])
                time.sleep(0.0005)

    return serve


HEAD = b"HTTP/1.1 200 OK\r\nx-origin-http-version: 1.1\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\nsp\r\n2\r\nam\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        SPAM,
        CHUNKED,
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + SPAM,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + SPAM,
    ],
    ids=["a length", "chunks", "early hints before it", "two heads before it"],
)
@pytest.mark.parametrize("whole", [True, False], ids=["at once", "byte by byte"])
def test_an_answer_is_put_together_from_its_pieces(data: bytes, whole: bool) -> None:
    with scripted(each(lambda _: data) if whole else in_pieces(data)) as port:
        came = ask(port, 3)
    assert (came.good, came.bad, came.strays, came.connections) == (3, {}, {}, 1)


def test_a_long_body_is_compared_whole() -> None:
    body = "spam" * 100_000
    with scripted(each(lambda _: answer(body))) as port:
        right, wrong = ask(port, 2, body=body), ask(port, 2, body=body[:-1] + "!")
    assert (right.good, right.bad) == (2, {})
    assert (wrong.good, wrong.bad) == (0, {"body differs": 2})


def test_every_request_has_an_id_of_its_own_and_its_answer_must_have_it() -> None:
    asked: list[str] = []

    def reply(request: bytes) -> bytes:
        asked.append(identity(request))
        return answer(f"spam, {asked[-1]}")

    with scripted(each(reply)) as port:
        came = ask(port, 20, lanes=Lanes(4), path="/query?id={i}", body=ECHO)
    assert (came.good, came.bad) == (20, {})
    assert len(set(asked)) == 20


def test_an_answer_to_the_request_before_is_bad() -> None:
    asked = ["none"]

    def reply(request: bytes) -> bytes:
        asked.append(identity(request))
        return answer(f"spam, {asked[-2]}")

    with scripted(each(reply)) as port:
        came = ask(port, 5, path="/query?id={i}", body=ECHO)
    assert (came.good, came.bad) == (0, {"body differs": 5})


def test_one_answer_for_every_id_is_bad() -> None:
    with scripted(each(lambda _: answer("spam, 1"))) as port:
        came = ask(port, 3, path="/query?id={i}", body=ECHO)
    assert (came.good, came.bad) == (0, {"body differs": 3})


def _reset(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _half(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(SPAM[:-2])


@pytest.mark.parametrize(
    ("serve", "fault"),
    [
        (_reset, "reset"),
        (lambda connection: connection.recv(65536), "closed early"),
        (_half, "closed early"),
        (each(lambda _: b"spam, spam\r\n\r\n"), "broken answer"),
        (each(lambda _: b"S" * 70_000), "broken answer"),
        (each(lambda _: HEAD + b"transfer-encoding: chunked\r\n\r\nspam\r\n"), "broken answer"),
        (each(lambda _: SPAM + b"!"), "more than the answer"),
        (each(lambda _: SPAM + SPAM), "more than the answer"),
        (each(lambda _: CHUNKED + b"!"), "more than the answer"),
    ],
    ids=["reset", "closed", "half", "no HTTP", "no end", "no chunks", "a byte more", "doubled", "after the chunks"],
)
def test_what_ends_a_connection_is_bad_and_never_asked_again(serve: Serve, fault: str) -> None:
    with scripted(serve) as port:
        came = ask(port, 3)
    assert (came.good, came.bad, came.strays) == (0, {fault: 3}, {})


def test_a_request_that_the_server_takes_and_drops_is_lost_not_repeated() -> None:
    def serve(connection: socket.socket) -> None:
        for _ in range(2):
            connection.recv(65536)
            connection.sendall(SPAM)
        connection.recv(65536)

    with scripted(serve) as port:
        came = ask(port, 9)
    assert (came.good, came.bad, came.connections) == (6, {"closed early": 3}, 3)


def test_a_connection_that_the_server_closes_between_requests_is_replaced() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer("spam", extra="connection: close\r\n"))

    with scripted(serve) as port:
        came = ask(port, 5)
    assert (came.good, came.bad, came.connections) == (5, {}, 5)


def test_a_body_may_last_until_the_connection_ends() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(HEAD + b"\r\nspam")

    with scripted(serve) as port:
        came = ask(port, 3)
    assert (came.good, came.bad, came.connections) == (3, {}, 3)


def test_an_answer_that_is_sent_before_its_request_is_bad() -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(answer("spam, 1"))
        while connection.recv(65536):
            pass

    with scripted(serve) as port:
        came = ask(port, 1, path="/query?id={i}", body=ECHO)
    assert (came.good, came.bad) == (0, {"body differs": 1})


def test_bytes_that_come_while_nothing_is_asked_are_counted_and_end_the_connection() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(SPAM)
        time.sleep(0.05)
        connection.sendall(b"!")
        connection.recv(65536)

    def slowly(connection: socket.socket) -> None:
        connection.recv(65536)
        time.sleep(0.2)
        connection.sendall(SPAM)

    servers = iter([serve, slowly])

    def serve_in_turn(connection: socket.socket) -> None:
        next(servers)(connection)

    with scripted(serve_in_turn) as port:
        came = ask(port, 2, lanes=Lanes(2))
    assert (came.good, came.bad, came.strays) == (2, {}, {"answer without a request": 1})


def test_a_late_double_of_an_answer_is_noticed() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer("spam, 1"))
        time.sleep(0.05)
        connection.sendall(answer("spam, 1"))
        while connection.recv(65536):
            connection.sendall(SPAM)

    with scripted(serve) as port:
        came = ask(port, 4, path="/query?id={i}", body=ECHO)
    assert came.good == 0


def test_a_request_that_is_never_answered_times_out() -> None:
    with scripted(lambda connection: connection.recv(65536) and connection.recv(65536)) as port:
        came = ask(port, 2, lanes=Lanes(2), timeout_s=0.2)
    assert (came.good, came.bad) == (0, {"timed out": 2})
    assert min(came.tally.took_us) >= 200_000


def test_a_port_without_a_listener_refuses() -> None:
    came = ask(free_port(), 2)
    assert (came.good, came.bad) == (0, {"refused": 2})


def test_a_request_that_fails_while_it_is_sent_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Wire) -> int:
        raise WireError("refused")

    monkeypatch.setattr(Wire, "proceed", fail)
    came = ask(1, 5, lanes=Lanes(2))
    assert (came.good, came.bad) == (0, {"refused": 5})
