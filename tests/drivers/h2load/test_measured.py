"""Measurements from h2load's log and summary, which must agree."""

from __future__ import annotations

import re
from array import array
from dataclasses import replace

import pytest
from hdrh.histogram import HdrHistogram

from support.driver_stage import closed, counted
from support.h2load_outputs import rows_of, summary_of
from topolab.drivers.h2load.loads import measured
from topolab.drivers.h2load.output import Rows
from topolab.drivers.worker import LoadError
from topolab.model.measurement import Measurement
from topolab.model.profile import Lanes
from topolab.model.protocol import Protocol
from topolab.process.child import Ran

RAN = Ran(code=0, output="", cpu_s=0.02, wall_s=0.06)
BODY = '{"text":"spam, egg, spam and spam!, X!"}'  # in FastAPI's format
HUNDRED = counted(100, Lanes(10, 5), body=BODY)
TIMED = closed(Lanes(2, 2), driver="h2load", duration_s=0.3)


def seen(name: str, profile: object = HUNDRED, protocol: Protocol = Protocol.H2) -> Measurement:
    return measured(profile, protocol, summary_of(name), rows_of(name), RAN)  # type: ignore[arg-type]


def without_figures(measurement: Measurement) -> Measurement:
    return replace(measurement, requests_per_second=None, finish_seconds=None)


def test_a_complete_counted_load_has_its_figures() -> None:
    assert seen("h2") == Measurement(
        seconds=pytest.approx(100 / 1990.45),
        good_responses=100,
        bad_responses={},
        responses_in_window=100,
        requests_per_second=pytest.approx(1990.45),
        finish_seconds=pytest.approx(100 / 1990.45),
        p50_ms=pytest.approx(12.037, rel=0.001),
        p90_ms=pytest.approx(26.617, rel=0.001),
        p99_ms=pytest.approx(29.370, rel=0.001),
        client_cpu_s=0.02,
        client_wall_s=0.06,
        client_connections=10,
        client_protocols={"h2": 100},
        origin_protocols=None,
        origin_connections=None,
        histogram=seen("h2").histogram,
    )
    assert HdrHistogram.decode(seen("h2").histogram).get_total_count() == 100


def test_a_pipelined_load_uses_the_planned_connections() -> None:
    measurement = seen("pipelined", protocol=Protocol.HTTP1)
    assert (measurement.client_connections, measurement.client_protocols) == (10, {"http/1.1": 100})


def test_a_timed_load_covers_its_main_part_without_earlier_requests() -> None:
    measurement = seen("timed-h2", TIMED)
    assert (measurement.seconds, measurement.good_responses, measurement.bad_responses) == (0.3, 883, {})
    assert measurement.requests_per_second == pytest.approx(883 / 0.3)
    assert (len(measurement.series), sum(measurement.series), measurement.finish_seconds) == (3, 883, None)
    assert min(measurement.series) > 250


@pytest.mark.parametrize(
    ("name", "requests", "bad"),
    [
        ("not-found", 20, {"status 4xx": 20}),
        ("server-died", 100_000, {"not answered": 99_815}),
        ("retired", 200, {"not answered": 100}),
        ("refused", 10, {"not answered": 10}),
        ("no-h2", 10, {"not answered": 10}),
    ],
)
def test_a_counted_load_with_bad_responses_has_no_figure(name: str, requests: int, bad: dict[str, int]) -> None:
    body = "spam" if name == "retired" else BODY
    measurement = seen(name, counted(requests, Lanes(4, 2), body=body))
    assert measurement.bad_responses == bad
    assert measurement == without_figures(measurement)


@pytest.mark.parametrize("name", ["not-found", "refused", "no-h2"])
def test_without_good_responses_there_are_no_percentiles_and_connections(name: str) -> None:
    measurement = seen(name)
    assert (measurement.good_responses, measurement.p50_ms, measurement.client_connections) == (0, None, 0)


def test_a_timed_load_without_a_listener_has_no_good_response() -> None:
    measurement = seen("timed-refused", TIMED)
    assert (measurement.good_responses, measurement.client_protocols, measurement.series) == (0, {}, (0, 0, 0))


def test_a_timed_load_that_lost_its_connections_is_refused() -> None:
    profile = closed(Lanes(4), driver="h2load", duration_s=1.0)
    message = (
        "4 of 4 concurrent requests stopped before the end: during a timed load, h2load does not replace connections "
        "that end"
    )
    with pytest.raises(LoadError, match=f"^{re.escape(message)}$"):
        seen("timed-server-died", profile, Protocol.HTTP1)


def test_a_log_with_fewer_rows_than_the_summary_is_refused() -> None:
    rows = rows_of("h2")
    fewer = Rows(rows.statuses[1:], rows.ended_us[1:], rows.took_us[1:])
    message = "^h2load's log has 99 successful requests, but its summary 100$"
    with pytest.raises(LoadError, match=message):
        measured(HUNDRED, Protocol.H2, summary_of("h2"), fewer, RAN)


@pytest.mark.parametrize("body", ["x" * 39, "x" * 41, "œ" * 40, ""])
def test_bodies_of_the_wrong_length_are_refused(body: str) -> None:
    message = f"^100 responses had 4000 bytes of body, but each should have {len(body.encode())}$"
    with pytest.raises(LoadError, match=message):
        seen("h2", counted(100, Lanes(10, 5), body=body))


def test_a_timed_loads_short_bodies_are_refused() -> None:
    with pytest.raises(LoadError, match="883 responses had 58640 bytes of body, but each should have 67"):
        seen("timed-h2", closed(Lanes(2, 2), driver="h2load", duration_s=0.3, body="x" * 67))


def test_a_redirect_is_not_a_good_response() -> None:
    summary = replace(summary_of("h2"), statuses={"2xx": 99, "3xx": 1, "4xx": 0, "5xx": 0})
    rows = rows_of("h2")
    redirected = Rows(array("q", [302, *rows.statuses[1:]]), rows.ended_us, rows.took_us)

    measurement = measured(HUNDRED, Protocol.H2, summary, redirected, RAN)

    assert (measurement.good_responses, measurement.bad_responses) == (99, {"status 3xx": 1})
    assert measurement == without_figures(measurement)


def test_a_counted_load_too_slow_for_a_printed_rate_has_its_time() -> None:
    summary = replace(summary_of("h2"), finished_s=400.0, requests_per_second=0.25)

    measurement = measured(HUNDRED, Protocol.H2, summary, rows_of("h2"), RAN)

    assert (measurement.finish_seconds, measurement.requests_per_second) == (400.0, 0.25)
