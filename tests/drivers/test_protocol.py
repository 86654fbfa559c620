"""Messages between harness and load worker arrive unchanged, or are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.driver_stage import closed, counted, mixed, opened, page
from topolab.drivers.protocol import (
    Event,
    Failed,
    Job,
    Kept,
    Loaded,
    Measured,
    Warm,
    event_line,
    job_line,
    parse_event,
    read_job,
)
from topolab.errors import InputError
from topolab.model.measurement import Measurement
from topolab.model.profile import Lanes, LoadProfile, SlowPart
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target

MEASUREMENT = Measurement(
    seconds=1.5, good_responses=3, bad_responses={"status 502": 1}, responses_in_window=2, requests_per_second=2.0,
    p50_ms=1.25, client_protocols={"h2": 4}, origin_connections=None, series=(1, 2), histogram="HISTFAAA",
)  # fmt: skip
SLOW = SlowPart(path="/message/{i}?delay=1", body="{i}", in_flight=2, spread_s=0.5)


@pytest.mark.parametrize(
    "profile",
    [closed(Lanes(2, 3)), opened(Lanes(4)), mixed(Lanes(4), SLOW), page(24), counted(100, Lanes(10, 5))],
    ids=lambda load: load.kind,
)
def test_a_job_arrives_as_it_was_sent(profile: LoadProfile) -> None:
    target = Target("127.0.0.1", 8443, ClientProtocol.H2, ca_file=Path("/run/ca.pem"), h2_alone=True)

    assert read_job(job_line(target, profile, "/lab")) == Job(target, profile, "/lab")


@pytest.mark.parametrize(
    "event",
    [
        Warm(),
        Loaded(),
        Measured(MEASUREMENT),
        Measured(replace(MEASUREMENT, finish_seconds=0.5, origin_protocols=None)),
        Failed("No."),
        Kept("h2load.txt", b"spam\n\x00\xff"),
        Kept("empty", b""),
    ],
)
def test_an_event_arrives_as_it_was_sent(event: Event) -> None:
    line = event_line(event)

    assert line.count("\n") == 1
    assert parse_event(line) == event


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "kept", "name": "x", "content": "spam?"}',
        "",
        "spam",
        '{"event": "spam"}',
        '{"event": "measured", "measurement": {}}',
    ],
)
def test_a_line_that_is_not_an_event_is_refused(line: str) -> None:
    with pytest.raises(InputError):
        parse_event(line)
