"""Slow and fast requests together: what is counted for each, and what the fast ones wait for."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from hdrh.histogram import HdrHistogram

from support.driver_stage import BODY, Client, answer, free_port, hypercorn, mixed, scripted
from topolab.model.profile import Lanes, SlowPart
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target

SLOW = "/message/{i}?delay=0.1"
NOT_COUNTED = "/query?id=warm-up"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port = free_port()
    with hypercorn(port):
        yield port


@pytest.mark.parametrize(
    ("protocol", "lanes"), [(ClientProtocol.H1C, Lanes(8)), (ClientProtocol.H2C, Lanes(2, 4))], ids=str
)
def test_slow_requests_are_spread_over_the_connections_and_fast_ones_share_them(
    client: Client, port: int, protocol: ClientProtocol, lanes: Lanes
) -> None:
    _peaks(port)
    slow = SlowPart(path=SLOW, body=BODY, in_flight=4, spread_s=0.1)

    seen = client.run(Target("127.0.0.1", port, protocol), mixed(lanes, slow, path=NOT_COUNTED, warm_up_s=0))

    assert sorted(_peaks(port).values()) == [4 // min(4, lanes.connections)] * min(4, lanes.connections)
    assert (seen.offered_requests, seen.good_responses, seen.bad_responses) == (30, 30, {})
    assert seen.slow_responses is not None
    assert seen.slow_responses >= 4
    everything = {protocol.protocol.value: 30 + seen.slow_responses}
    assert seen.client_protocols == seen.origin_protocols == everything
    assert (seen.client_connections, seen.origin_connections) == (lanes.connections, lanes.connections)
    assert seen.slow_requests_per_second is not None
    assert 0 < seen.slow_requests_per_second * seen.seconds <= seen.slow_responses
    assert HdrHistogram.decode(seen.histogram).get_total_count() == 30
    assert sum(seen.series) == seen.responses_in_window


def test_a_fast_request_that_waits_behind_a_slow_one_counts_the_wait(client: Client) -> None:
    """A server of one thread: the first fast request is due while it works on a slow one of 0.3 s."""
    one_thread = threading.Lock()
    began = threading.Event()

    def serve(connection: socket.socket) -> None:
        while request := connection.recv(4096):
            if b"/slow" not in request:
                began.wait()  # the slow one comes first, whichever connection is served first
            with one_thread:
                began.set()
                time.sleep(0.3 if b"/slow" in request else 0)
                connection.sendall(answer())

    slow = SlowPart(path="/slow", body=BODY, in_flight=1, spread_s=0)
    with scripted(serve) as port:
        load = mixed(Lanes(2), slow, warm_up_s=0, duration_s=0.1)
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert (seen.offered_requests, seen.good_responses, seen.bad_responses) == (10, 10, {})
    assert seen.p99_ms is not None
    assert seen.p99_ms >= 200  # due at 0.0 to 0.09 s, answered after 0.3 s at the earliest


def test_a_fast_request_waits_for_an_exchange_that_slow_ones_leave_free(client: Client) -> None:
    def serve(connection: socket.socket) -> None:
        while connection.recv(4096):
            time.sleep(0.1)
            connection.sendall(answer())

    slow = SlowPart(path="/slow", body=BODY, in_flight=1, spread_s=0)
    with scripted(serve) as port:
        load = mixed(Lanes(2), slow, warm_up_s=0, duration_s=0.1, rate_per_s=50.0)
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert (seen.offered_requests, seen.good_responses, seen.client_connections) == (5, 5, 2)
    # The fifth is due at 0.08 s and sent when four have had 0.1 s each.
    assert HdrHistogram.decode(seen.histogram).get_max_value() >= 410_000


def test_unanswered_requests_are_bad_in_their_own_part_and_fast_ones_count_their_wait(client: Client) -> None:
    def hang(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    slow = SlowPart(path="/slow", body=BODY, in_flight=1, spread_s=0.05)
    with scripted(hang) as port:
        load = mixed(Lanes(2), slow, warm_up_s=0.1, duration_s=0.1, rate_per_s=50.0, timeout_s=0.3)
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    fast = {kind: count for kind, count in seen.bad_responses.items() if not kind.startswith("slow: ")}
    assert set(seen.bad_responses) == {"timed out", "unanswered", "slow: timed out"}
    assert (seen.good_responses, sum(fast.values()), seen.offered_requests) == (0, 5, 5)
    assert (seen.slow_responses, seen.slow_requests_per_second, seen.origin_connections) == (0, 0, None)
    assert HdrHistogram.decode(seen.histogram).get_total_count() == 5


def test_slow_requests_may_be_handed_over(client: Client) -> None:
    port = free_port()
    slow = SlowPart(path="/message/{i}?delay=0.3", body='{"n": "{i}"}', in_flight=3, spread_s=0.1)
    with hypercorn(port, app="handing_app"):
        load = mixed(Lanes(4), slow, path="/", body="", duration_s=0.8)
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert (seen.good_responses, seen.bad_responses) == (80, {})
    assert seen.slow_responses is not None
    assert seen.slow_responses >= 3
    # The first answer and the one 0.25 s later are 202.
    assert seen.client_protocols["http/1.1"] >= 80 + 3 * seen.slow_responses


def _peaks(port: int) -> dict[str, int]:
    """Slow requests in flight at once on each connection since the last time this was asked."""
    with urlopen(f"http://127.0.0.1:{port}/peaks") as response:
        peaks: dict[str, int] = json.load(response)
        return peaks
