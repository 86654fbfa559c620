"""The head of a response is understood from its bytes, and anything that is no head is refused."""

from __future__ import annotations

import hpack
import pytest

from topolab.drivers.sockets.answers import Head, HeadError, Heads
from topolab.drivers.sockets.http1 import parse_head
from topolab.drivers.sockets.http2 import parse_block


def head(*lines: str, status: str = "HTTP/1.1 200 OK") -> Head:
    return parse_head("".join(f"{line}\r\n" for line in (status, *lines, "")).encode())


def test_a_head_says_who_answered_and_how_long_the_body_is() -> None:
    seen = head("Content-Length: 4", "X-Origin-HTTP-Version: 1.1", "x-origin-peer:  4711 ", "location: /result")
    assert (seen.status, seen.origin, seen.peer, seen.length) == (200, "http/1.1", "4711", 4)
    assert (seen.location, seen.chunked, seen.keeps_open, seen.informational) == ("/result", False, True, False)


@pytest.mark.parametrize(
    ("status", "line", "keeps_open"),
    [
        ("HTTP/1.1 200 OK", "server: spam", True),
        ("HTTP/1.1 200 OK", "connection: close", False),
        ("HTTP/1.1 200 OK", "Connection: Upgrade, Close", False),
        ("HTTP/1.0 200 OK", "server: spam", False),
        ("HTTP/1.0 200 OK", "connection: keep-alive", True),
    ],
)
def test_a_head_says_whether_its_connection_stays_open(status: str, line: str, keeps_open: bool) -> None:
    assert head(line, status=status).keeps_open is keeps_open


@pytest.mark.parametrize("coding", ["chunked", "gzip, chunked", "Chunked"])
def test_a_body_in_chunks_has_no_length(coding: str) -> None:
    seen = head(f"transfer-encoding: {coding}", "content-length: 4")
    assert (seen.chunked, seen.length) == (True, None)


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_some_statuses_have_no_body(status: str) -> None:
    assert head("content-length: 12", status=f"HTTP/1.1 {status}").length == 0


@pytest.mark.parametrize("status", ["100 Continue", "103 Early Hints"])
def test_an_informational_head_is_not_the_answers(status: str) -> None:
    assert head(status=f"HTTP/1.1 {status}").informational


@pytest.mark.parametrize(
    "data",
    [
        b"spam\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 ok\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: spam\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nname : spam\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n",
    ],
)
def test_bytes_that_are_no_head_are_refused(data: bytes) -> None:
    with pytest.raises(HeadError, match="broken answer"):
        parse_head(data)


def test_a_head_of_http_2_means_the_same() -> None:
    fields = [(":status", "200"), ("content-length", "4"), ("x-origin-http-version", "2"), ("x-origin-peer", "4711")]
    encoder = hpack.Encoder()
    encoder.header_table_size = 0
    seen = parse_block(encoder.encode(fields))
    assert (seen.status, seen.origin, seen.peer, seen.length) == (200, "h2", "4711", 4)


def test_a_head_that_refers_to_the_servers_table_is_refused() -> None:
    encoder = hpack.Encoder()
    fields = [(":status", "200"), ("x-spam", "egg")]
    encoder.encode(fields)
    with pytest.raises(HeadError):
        parse_block(encoder.encode(fields))


@pytest.mark.parametrize("block", [b"", b"\xff\xff\xff\xff\xff", hpack.Encoder().encode([("a", "b")])])
def test_a_block_without_a_status_is_refused(block: bytes) -> None:
    with pytest.raises(HeadError, match="broken answer"):
        parse_block(block)


def test_a_head_is_parsed_once() -> None:
    parsed: list[bytes] = []

    def parse(data: bytes) -> Head:
        parsed.append(data)
        return Head(200, "", "", 0)

    heads = Heads(parse)
    first = heads.learn(b"spam")
    assert heads.known[b"spam"] is first
    assert parsed == [b"spam"]
