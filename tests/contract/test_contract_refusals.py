"""Requests outside the contract get a 404 or a 422 with a reason, never a 500."""

import json

import pytest

from support.origin_client import Answer, Origin

NOT_FOUND = b'{"detail":"nothing here: no such path, or not with this method"}'
ID = "id must be a non-empty string"
DELAY = "delay must be a finite number from 0 to 30"
COUNT = "n must be a whole number from 0 to 16777216"
CHUNKS = "chunks must be a whole number from 1 to 1000"
INTERVAL = "interval must be a finite number from 0 to 10"

NOT_FINITE = ["nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e400", "9" * 400]
NOT_PLAIN = ["", "x", "%20", "%201", "1%20", "1%0A", "1_0", "%D9%A3", "%FF", "%00", "0x1", "1,5", "--1", "1e"]


def essence(answer: Answer) -> tuple[int, str, str | None, bytes]:
    """Return everything of an answer that does not differ from server to server."""
    return answer.status, answer.headers["content-type"], answer.headers.get("content-length"), answer.body


@pytest.mark.parametrize(
    ("method", "target"),
    [
        *[("GET", target) for target in ("/nothing", "/query/", "/Query?id=1", "//query?id=1", "/%20", "/%FF", "/%00")],
        *[("GET", target) for target in ("/message", "/message/", "/message/a/b", "/message/a%2Fb", "/bytes/")],
        *[("GET", target) for target in ("/bytes/1/", "/healthz/", "/healthz%0A", "/query%0A?id=1", "/hop%0a")],
        *[("GET", target) for target in ("/echo", "/ws/echo", "/docs", "/openapi.json", "/redoc", "/admin/")],
        *[("POST", target) for target in ("/", "/query?id=1", "/hop", "/bytes/1", "/stream", "/healthz")],
        *[("PUT", "/echo"), ("DELETE", "/query?id=1"), ("OPTIONS", "/query"), ("PATCH", "/message/1")],
        ("OPTIONS", "*"),
    ],
)
def test_an_unknown_path_or_method_is_not_found(origin: Origin, method: str, target: str) -> None:
    answer = origin.request(method, target)
    assert essence(answer) == (404, "application/json", str(len(NOT_FOUND)), NOT_FOUND)


def test_a_head_request_is_not_found_and_keeps_the_connection_usable(origin: Origin) -> None:
    connection = origin.connect()
    try:
        answers = []
        for method in ("HEAD", "GET"):
            connection.request(method, "/query?id=1")
            response = connection.getresponse()
            answers.append((response.status, response.read()))
        assert answers == [(404, b""), (200, b'{"text":"spam, egg, spam and spam!, 1!"}')]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("target", "detail"),
    [
        *[(f"/query{query}", ID) for query in ("", "?", "?id", "?id=", "?ID=1", "?other=1", "?id=1&id=", "?=&&=")],
        *[(f"/message/1?delay={bad}", DELAY) for bad in [*NOT_FINITE, *NOT_PLAIN, "-1", "30.1", "31", "-1e-9"]],
        *[(f"/bytes/{bad}", COUNT) for bad in [*NOT_FINITE, *NOT_PLAIN[1:], "-1", "1.0", "1e3", "16777217"]],
        ("/bytes/" + "9" * 3900, COUNT),
        ("/bytes/" + "0" * 3900 + "x", COUNT),
        *[(f"/stream?chunks={bad}", CHUNKS) for bad in [*NOT_FINITE, *NOT_PLAIN, "0", "-1", "1001", "2.0"]],
        *[(f"/stream?interval={bad}", INTERVAL) for bad in [*NOT_FINITE, *NOT_PLAIN, "-1", "10.01"]],
        ("/stream?chunks=0&interval=nan", CHUNKS),
        ("/stream?interval=nan&chunks=0", CHUNKS),
        ("/message/1?delay=1&delay=nan", DELAY),
    ],
    ids=lambda value: value[:40] if value.startswith("/") else "",
)
def test_a_bad_value_is_refused_with_its_name_and_range(origin: Origin, target: str, detail: str) -> None:
    body = json.dumps({"detail": detail}, separators=(",", ":")).encode()
    assert essence(origin.get(target)) == (422, "application/json", str(len(body)), body)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /query?id=\xff\xfe HTTP/1.1",
        b"GET /query?id=\xc3\xa4 HTTP/1.1",
        b"GET /message/\xff?delay=0 HTTP/1.1",
        b"GET /message/\xc3\xa4?delay=0 HTTP/1.1",
        b"GET \xff HTTP/1.1",
        b"GET http://spam/query?id=1 HTTP/1.1",
        b"GET /query?id=" + b"%41" * 1000 + b"&a" * 400 + b" HTTP/1.1",
        b"GET /query?id=1;id=2#id=3 HTTP/1.1",
        b"GET /query?id=%41 HTTP/1.1\r\nContent-Type: text/plain; charset=base64",
        b"GET /query?id=%41 HTTP/1.1\r\nContent-Type: text/plain; charset=utf-16",
        b"GET /query?id=1 HTTP/1.1\r\nCookie: \xff=\xff; =; spam",
        b"GET /query?id=1 HTTP/1.1\r\nX-Forwarded-For: \xff\xc3",
        b"GET /hop HTTP/1.1\r\nX-Forwarded-For: \xff\xc3\r\nX-Forwarded-For: spam",
        b"POST /echo HTTP/1.1\r\nContent-Length: 0\r\nContent-Type: \xff\xc3/spam",
        b"POST /echo HTTP/1.1\r\nContent-Length: 0\r\nContent-Type: multipart/form-data",
        b"POST /echo HTTP/1.1\r\nContent-Length: 0\r\nContent-Type: text/plain; charset=nonsense",
    ],
    ids=repr,
)
def test_odd_requests_cause_no_server_error(origin: Origin, head: bytes) -> None:
    status = origin.raw_status(head + b"\r\nHost: spam\r\nConnection: close\r\n\r\n")
    assert status in {200, 400, 404, 422}
