"""Where an app answers 202 with a location, the driver polls there, as a page would."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram

from support.driver_stage import BODY, Client, answer, closed, free_port, hypercorn, opened, page, scripted
from topolab.drivers.loops.parked import POLL_INTERVAL_S
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target

MESSAGE = {"path": "/message/{i}?delay=0.3", "body": '{"n": "{i}"}'}
SHORT: dict[str, Any] = {"warm_up_s": 0, "duration_s": 0.3}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port = free_port()
    with hypercorn(port, app="handing_app"):
        yield port


@pytest.mark.parametrize(("protocol", "connections"), [(ClientProtocol.H1C, 6), (ClientProtocol.H2C, 1)])
def test_a_page_of_requests_that_are_handed_over_ends_with_the_last_result(
    client: Client, port: int, protocol: ClientProtocol, connections: int
) -> None:
    seen = client.run(Target("127.0.0.1", port, protocol), page(24, **MESSAGE))

    assert (seen.good_responses, seen.bad_responses) == (24, {})
    assert (seen.client_connections, seen.origin_connections) == (connections, connections)
    # Not done after 0.25 s, done after 0.5 s: every request was answered three times, or once more on a slow machine.
    answers = seen.client_protocols[protocol.protocol.value]
    assert answers >= 3 * 24
    assert seen.client_protocols == seen.origin_protocols == {protocol.protocol.value: answers}
    assert seen.page_seconds is not None
    assert seen.page_seconds >= 2 * POLL_INTERVAL_S
    assert sum(seen.series) == 24


@pytest.mark.parametrize("lanes", [Lanes(4), Lanes(2, 3)], ids=str)
def test_a_closed_load_counts_a_parked_request_as_in_flight(client: Client, port: int, lanes: Lanes) -> None:
    protocol = ClientProtocol.H2C if lanes.streams > 1 else ClientProtocol.H1C

    seen = client.run(Target("127.0.0.1", port, protocol), closed(lanes, **MESSAGE, **SHORT))

    # The first of each is done after 0.5 s, when the window of 0.3 s has closed: there is no second.
    assert (seen.good_responses, seen.bad_responses, seen.responses_in_window) == (lanes.in_flight, {}, 0)
    assert seen.client_connections == lanes.connections


def test_an_open_load_counts_latency_until_the_result(client: Client, port: int) -> None:
    load = opened(Lanes(2), **MESSAGE, **SHORT, rate_per_s=50.0)

    seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert (seen.offered_requests, seen.good_responses, seen.bad_responses) == (15, 15, {})
    assert seen.p50_ms is not None
    assert seen.p50_ms >= 500
    assert HdrHistogram.decode(seen.histogram).get_total_count() == 15


def test_while_a_request_is_parked_others_use_its_connection(client: Client) -> None:
    with _recording(lambda path: _handed_over(f"/result{path}") if path.startswith("/message") else answer()) as server:
        port, paths = server
        load = replace(page(3, path="/message/{i}"), http1=Lanes(1))
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    asked, results = paths[1:4], paths[4:]
    assert len({path for path in asked if path.startswith("/message/")}) == 3
    assert results == [f"/result{path}" for path in asked]
    assert (seen.good_responses, seen.bad_responses, seen.client_connections) == (3, {}, 1)


def test_after_a_result_the_profiles_own_path_is_requested_again(client: Client) -> None:
    with _recording(lambda path: _handed_over("/result") if path.startswith("/query") else answer()) as server:
        port, paths = server
        load = closed(Lanes(1), warm_up_s=0, duration_s=0.3)
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert paths == ["/query?id=X", "/result"] * seen.good_responses
    assert (seen.good_responses >= 2, seen.bad_responses) == (True, {})


def test_a_location_with_the_targets_own_origin_is_followed(client: Client) -> None:
    def reply(path: str) -> bytes:
        return answer() if path == "/result" else _handed_over(f"http://edge.topolab.test:{port}/result")

    with _recording(reply) as (port, _):
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), closed(Lanes(1), **SHORT))

    assert (seen.good_responses >= 1, seen.bad_responses) == (True, {})


NOT_A_PATH = "202 with a location that is not a path"


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (_202 := b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", "no origin version"),
        (_202[:-2] + b"x-origin-http-version: 1.1\r\n\r\n", "202 without a location"),
        (_202[:-2] + b"x-origin-http-version: 1.1\r\nlocation: http://127.0.0.1:1/\r\n\r\n", NOT_A_PATH),
        (_202[:-2] + b"x-origin-http-version: 1.1\r\nlocation: //127.0.0.1:1/\r\n\r\n", NOT_A_PATH),
        (_202[:-2] + b"x-origin-http-version: 1.1\r\nlocation: result\r\n\r\n", NOT_A_PATH),
        (_202[:-2] + b"x-origin-http-version: 1.1\r\nlocation: /re sult\r\n\r\n", NOT_A_PATH),
    ],
    ids=["no version", "no location", "elsewhere", "elsewhere without scheme", "not from the root", "a space"],
)
def test_a_202_that_cannot_be_followed_is_bad(client: Client, reply: bytes, fault: str) -> None:
    with _recording(lambda _: reply) as (port, _):
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), page(3))

    assert (seen.good_responses, seen.bad_responses, seen.page_seconds) == (0, {fault: 3}, None)


@pytest.mark.parametrize(
    ("result", "fault"),
    [(b"HTTP/1.1 404 N\r\ncontent-length: 0\r\n\r\n", "status 404"), (answer("spam"), "body differs")],
)
def test_the_last_answer_decides_whether_a_request_is_bad(client: Client, result: bytes, fault: str) -> None:
    with _recording(lambda path: result if path == "/result" else _handed_over("/result")) as (port, _):
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), page(3))

    assert (seen.good_responses, seen.bad_responses) == (0, {fault: 3})


@pytest.mark.parametrize("hangs", [False, True], ids=["still 202", "no answer to the first poll"])
@pytest.mark.parametrize("shape", [closed, opened])
def test_a_request_without_a_result_in_its_timeout_is_bad(client: Client, shape: Any, hangs: bool) -> None:
    def reply(path: str) -> bytes | None:
        return None if hangs and path == "/result" else _handed_over("/result")

    with _recording(reply) as (port, _):
        times = SHORT | {"duration_s": 0.02, "timeout_s": 0.6}
        load = shape(Lanes(2), **times, **({"rate_per_s": 100.0} if shape is opened else {}))
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert seen.good_responses == 0
    assert set(seen.bad_responses) <= {"timed out", "unanswered"}
    assert sum(seen.bad_responses.values()) == 2
    assert HdrHistogram.decode(seen.histogram).get_total_count() == 2
    # Given up no sooner than when no time is left for another poll.
    assert HdrHistogram.decode(seen.histogram).get_min_value() >= 0.95e6 * (0.6 - POLL_INTERVAL_S)


@contextmanager
def _recording(reply: Callable[[str], bytes | None]) -> Iterator[tuple[int, list[str]]]:
    """A server that answers a path with `reply` of it (None: not at all), and the paths it was asked for."""
    paths: list[str] = []

    def serve(connection: socket.socket) -> None:
        while request := connection.recv(4096):
            path = request.split(b" ")[1].decode()
            paths.append(path)
            said = answer() if path.endswith("warm-up") else reply(path)
            if said is not None:
                connection.sendall(said)

    with scripted(serve) as port:
        yield port, paths


def _handed_over(location: str) -> bytes:
    head = f"HTTP/1.1 202 Accepted\r\ncontent-length: {len(BODY)}\r\nx-origin-http-version: 1.1\r\n"
    return f"{head}location: {location}\r\n\r\n{BODY}".encode()
