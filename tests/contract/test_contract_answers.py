"""What each request of the contract answers, byte for byte, on every app x interface."""

import json

import pytest

from support.origin_client import APPS, Answer, Origin

PORT_HEADER = "x-origin-peer"
CHUNKED_BODY = [b"spam, ", b"egg, ", b"spam and spam"]


def essence(answer: Answer) -> tuple[int, str, str | None, bytes]:
    """Return everything of an answer that does not differ from server to server."""
    return answer.status, answer.headers["content-type"], answer.headers.get("content-length"), answer.body


def pattern(count: int) -> bytes:
    """Return the contract's bytes, computed differently than in the apps."""
    return (bytes(range(256)) * (count // 256 + 1))[:count]


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/query?id=X", '{"text":"spam, egg, spam and spam!, X!"}'),
        ("/query?id=42&other=1", '{"text":"spam, egg, spam and spam!, 42!"}'),
        ("/query?id=first&id=last", '{"text":"spam, egg, spam and spam!, last!"}'),
        ("/query?id=a+b%2Bc%26", '{"text":"spam, egg, spam and spam!, a b+c&!"}'),
        ("/query?id=%C3%A4%E2%82%AC%F0%9F%A5%9A", '{"text":"spam, egg, spam and spam!, ä€🥚!"}'),
        ("/query?id=%22%5C%2F%0A%00%7F", '{"text":"spam, egg, spam and spam!, \\"\\\\/\\n\\u0000\x7f!"}'),
        ("/query?id=%FF", '{"text":"spam, egg, spam and spam!, \ufffd!"}'),
        ("/query?id=%ED%A0%80", '{"text":"spam, egg, spam and spam!, \ufffd\ufffd\ufffd!"}'),
        ("/query?id=%zz%", '{"text":"spam, egg, spam and spam!, %zz%!"}'),
        ("/query?id=" + "x" * 3000, '{"text":"spam, egg, spam and spam!, ' + "x" * 3000 + '!"}'),
        ("/message/7?delay=0", '{"text":"spam, egg, spam and spam!, 7!"}'),
        ("/message/7?delay=-0", '{"text":"spam, egg, spam and spam!, 7!"}'),
        ("/message/7?delay=1e-3", '{"text":"spam, egg, spam and spam!, 7!"}'),
        ("/message/7?delay=9&delay=.01", '{"text":"spam, egg, spam and spam!, 7!"}'),
        ("/message/a%20b?delay=0", '{"text":"spam, egg, spam and spam!, a b!"}'),
        ("/message/%C3%A4?delay=0", '{"text":"spam, egg, spam and spam!, ä!"}'),
        ("/message/%FFa?delay=0", '{"text":"spam, egg, spam and spam!, \ufffda!"}'),
    ],
    ids=lambda value: value[:40] if value.startswith("/") else "",
)
def test_a_message_is_compact_json_in_utf8(origin: Origin, target: str, body: str) -> None:
    expected = body.encode()
    assert essence(origin.get(target)) == (200, "application/json", str(len(expected)), expected)


@pytest.mark.parametrize("charset", ["utf-16", "base64", "nonsense"])
def test_a_bodys_charset_does_not_affect_the_query(origin: Origin, charset: str) -> None:
    answer = origin.request("GET", "/query?id=%C3%A4", headers={"content-type": f"text/plain; charset={charset}"})
    expected = '{"text":"spam, egg, spam and spam!, ä!"}'.encode()
    assert essence(answer) == (200, "application/json", str(len(expected)), expected)


def test_health_is_two_letters_of_plain_text(origin: Origin) -> None:
    assert essence(origin.get("/healthz")) == (200, "text/plain", "2", b"ok")


def test_the_page_is_served_unchanged_from_disk(origin: Origin) -> None:
    page = (APPS / "common" / "page.html").read_bytes()
    expected = (200, "text/html; charset=utf-8", str(len(page)), page)
    assert [essence(origin.get(target)) for target in ("/", "/?n=3&delay=1&autorun=1")] == [expected, expected]


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 65_536, 65_537, 1_000_000, 16 * 1024 * 1024])
def test_up_to_16_mib_of_pattern_bytes_arrive_whole(origin: Origin, count: int) -> None:
    expected = (200, "application/octet-stream", str(count), pattern(count))
    # Not compared in the assertion itself: pytest would take minutes to print the difference of 16 MiB.
    same = essence(origin.get(f"/bytes/{count}")) == expected
    assert same


@pytest.mark.parametrize("size", [0, 1, 70_000, 1024 * 1024])
def test_echo_of_a_body_of_known_length_has_that_length(origin: Origin, size: int) -> None:
    answer = origin.request("POST", "/echo", pattern(size), {"content-type": "application/x-spam"})
    same = essence(answer) == (200, "application/x-spam", str(size), pattern(size))
    assert same


def test_echo_without_a_content_type_is_an_octet_stream(origin: Origin) -> None:
    assert essence(origin.request("POST", "/echo", b"spam")) == (200, "application/octet-stream", "4", b"spam")


def test_echo_of_a_chunked_body_is_complete(origin: Origin) -> None:
    answer = origin.request("POST", "/echo", iter(CHUNKED_BODY), {"content-type": "text/plain"})
    assert (answer.status, answer.headers["content-type"], answer.body) == (
        200,
        "text/plain",
        b"spam, egg, spam and spam",
    )


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        ("/stream?chunks=3&interval=0", "chunk 0\nchunk 1\nchunk 2\n"),
        ("/stream?chunks=1&interval=10", "chunk 0\n"),
        ("/stream?interval=0", "chunk 0\nchunk 1\nchunk 2\nchunk 3\nchunk 4\n"),
        ("/stream", "chunk 0\nchunk 1\nchunk 2\nchunk 3\nchunk 4\n"),
    ],
)
def test_a_stream_is_chunked_plain_text(origin: Origin, target: str, lines: str) -> None:
    answer = origin.get(target)
    assert essence(answer) == (200, "text/plain", None, lines.encode())
    assert answer.headers["transfer-encoding"] == "chunked"


def test_hop_reports_exactly_what_the_app_saw(origin: Origin) -> None:
    connection = origin.connect()
    connection.connect()
    port = connection.sock.getsockname()[1]
    headers = {
        "X-Forwarded-For": "192.0.2.1, 192.0.2.2",
        "X-Forwarded-Proto": "http",
        "X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678",
        "Via": "1.1 spam",
        "X-Other": "egg",
    }
    try:
        connection.request("GET", "/hop", headers=headers)
        document = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    software = document.pop("server_software")
    assert document == {
        "http_version": "1.1",
        "scheme": "http",
        "peer_host": "127.0.0.1",
        "peer_port": port,
        "interface": origin.case.interface,
        "forwarding_headers": {
            "x-forwarded-for": "192.0.2.1, 192.0.2.2",
            "x-forwarded-proto": "http",
            "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678",
            "via": "1.1 spam",
        },
        "header_names": [
            "host",
            "accept-encoding",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-amzn-trace-id",
            "via",
            "x-other",
        ],
    }
    assert software is None if origin.case.interface == "asgi" else software.startswith("gunicorn/")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        *[("GET", target) for target in ("/", "/query?id=1", "/query", "/hop", "/bytes/9", "/bytes/x", "/healthz")],
        *[("GET", target) for target in ("/message/1?delay=0", "/stream?interval=0", "/no-such-path")],
        *[("POST", "/echo"), ("POST", "/query"), ("HEAD", "/query")],
    ],
)
def test_every_answer_has_the_http_version_and_port_the_app_saw(origin: Origin, method: str, target: str) -> None:
    connection = origin.connect()
    try:
        seen = []
        # Twice: a kept-alive connection must still be recognisable by its port.
        for _ in range(2):
            connection.request(method, target)
            local_port = str(connection.sock.getsockname()[1])
            response = connection.getresponse()
            response.read()
            seen.append((response.getheader("x-origin-http-version"), response.getheader(PORT_HEADER) == local_port))
        assert seen == [("1.1", True), ("1.1", True)]
    finally:
        connection.close()


def test_an_http_1_0_request_is_reported_as_such(origin: Origin) -> None:
    connection = origin.connect()
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"  # type: ignore[attr-defined]  # no public way
    try:
        connection.request("GET", "/query?id=1")
        response = connection.getresponse()
        assert (response.getheader("x-origin-http-version"), response.read()) == (
            "1.0",
            b'{"text":"spam, egg, spam and spam!, 1!"}',
        )
    finally:
        connection.close()
