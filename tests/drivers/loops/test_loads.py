"""What the load shapes count, and from when."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram

from support.driver_stage import BODY, SEEN, Client, answer, closed, free_port, nginx, opened, page, scripted
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target


def test_a_closed_load_counts_its_window_and_gives_no_latency(client: Client, tmp_path: Path) -> None:
    port = free_port()
    place = f"location / {{ {SEEN} return 200 '{BODY}'; }}"
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ; {place} }}"):
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), closed(Lanes(4)))

    assert seen.seconds == pytest.approx(0.3)
    assert seen.requests_per_second == pytest.approx(seen.responses_in_window / seen.seconds)
    assert 0 < seen.responses_in_window <= seen.good_responses <= seen.responses_in_window + 4
    assert (len(seen.series), sum(seen.series)) == (3, seen.responses_in_window)
    assert (seen.p50_ms, seen.p99_ms, seen.page_seconds, seen.offered_requests) == (None, None, None, None)
    assert HdrHistogram.decode(seen.histogram).get_total_count() == seen.good_responses
    assert 0 < seen.client_cpu_s <= seen.client_wall_s * 1.1
    assert seen.client_wall_s >= 0.299


def test_a_closed_load_waits_for_what_is_in_flight_but_does_not_count_it_in_the_rate(client: Client) -> None:
    def serve(connection: socket.socket) -> None:
        while connection.recv(4096):
            time.sleep(0.5)
            connection.sendall(answer())

    with scripted(serve) as port:
        load = closed(Lanes(3), warm_up_s=0, duration_s=0.2)
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert (seen.good_responses, seen.responses_in_window, seen.requests_per_second) == (3, 0, 0)
    assert (seen.bad_responses, seen.series) == ({}, (0, 0))


def test_an_open_load_counts_latency_from_when_a_request_was_due(client: Client) -> None:
    """A server that stalls for half a second, once, on the only connection there is.

    Request k is due at k / 200 s and has no answer before 0.5 s, so the 20 slowest of 200 take more than 0.4 s.
    A driver that starts its clock when it sends would have seen a single slow request.
    """
    stalls = [0.5]

    def serve(connection: socket.socket) -> None:
        while connection.recv(4096):
            time.sleep(stalls.pop() if stalls else 0)
            connection.sendall(answer())

    with scripted(serve) as port:
        load = opened(Lanes(1), warm_up_s=0, duration_s=1.0)
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert (seen.offered_requests, seen.good_responses, seen.bad_responses) == (200, 200, {})
    assert seen.p90_ms is not None
    assert seen.p90_ms >= 395
    assert HdrHistogram.decode(seen.histogram).get_total_count() == 200


def test_an_open_load_sends_at_its_rate_and_no_faster(client: Client, tmp_path: Path) -> None:
    port = free_port()
    place = f"location / {{ {SEEN} return 200 '{BODY}'; }}"
    with nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ; http2 on; {place} }}"):
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H2C), opened(Lanes(1, 10)))

    assert (seen.offered_requests, seen.good_responses, seen.bad_responses) == (60, 60, {})
    assert seen.seconds >= 0.299  # began + 0.3 s, less began again, may lose its last bit
    assert seen.requests_per_second == pytest.approx(60 / seen.seconds)
    # Requests are due every 5 ms from 0 on, so the first slice can hold no more than 20 answers.
    assert seen.series[0] <= 20
    assert None not in (seen.p50_ms, seen.p90_ms, seen.p99_ms)


def test_an_open_load_that_is_never_answered_ends_and_counts_every_request(client: Client) -> None:
    def hang(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    with scripted(hang) as port:
        load = opened(Lanes(2), warm_up_s=0, duration_s=0.2, rate_per_s=50.0, timeout_s=0.3)
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert (seen.offered_requests, seen.good_responses) == (10, 0)
    assert set(seen.bad_responses) == {"timed out", "unanswered"}
    assert sum(seen.bad_responses.values()) == 10
    # The last is due at 0.18 s and given up at 0.5 s at the earliest.
    assert HdrHistogram.decode(seen.histogram).get_total_count() == 10
    assert seen.p50_ms is not None
    assert seen.p50_ms >= 295


def test_requests_that_a_warm_up_leaves_unanswered_do_not_hold_up_the_load(client: Client) -> None:
    """The second hanging request is sent when the first has timed out, and given up with the warm-up."""
    hangs = [False, True, True]

    def serve(connection: socket.socket) -> None:
        while connection.recv(4096):
            if not (hangs and hangs.pop(0)):
                connection.sendall(answer())

    with scripted(serve) as port:
        load = opened(Lanes(1), warm_up_s=0.1, duration_s=0.1, rate_per_s=30.0, timeout_s=0.3)
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), load)

    assert (seen.offered_requests, seen.good_responses, seen.bad_responses) == (3, 3, {})


def test_a_page_with_one_bad_response_has_no_time(client: Client) -> None:
    bodies = ["warm", BODY, "spam", BODY]

    def serve(connection: socket.socket) -> None:
        while connection.recv(4096):
            connection.sendall(answer(bodies.pop(0)))

    with scripted(serve) as port:
        seen = client.run(Target("127.0.0.1", port, ClientProtocol.H1C), page(3))

    assert (seen.good_responses, seen.bad_responses, seen.page_seconds) == (2, {"body differs": 1}, None)
