"""Locust's command line, and the measurement from its JSON: whole, incomplete, unreadable, and without a request."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from support.driver_stage import closed
from support.users_profile import PROFILE
from topolab.drivers.locust.command import locust_argv, locust_environment
from topolab.drivers.locust.loads import do
from topolab.drivers.locust.output import measured, parse_result
from topolab.drivers.protocol import Job
from topolab.drivers.worker import Gate, LoadError
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target
from topolab.model.users import UsersLoad

RESULT = json.loads(Path(__file__).with_name("result.json").read_text(encoding="utf-8"))
"""From a run of two workers against a server that answered every third upload with 503."""
NO_REQUEST = Path(__file__).with_name("no_request.json").read_bytes()
"""From a run of two workers against a socket that accepts connections and never answers."""


def argv(client: ClientProtocol, profile: UsersLoad = PROFILE, **target: Any) -> list[str]:
    where = Target("127.0.0.1", 8443, client, **target)
    return locust_argv("python", Path("/loadtest/locustfile.py"), where, profile, Path("/tmp/r.json"), 5557)  # noqa: S108


def said(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


def test_the_whole_command_line() -> None:
    assert " ".join(argv(ClientProtocol.H2)) == (
        "python -m locust --locustfile /loadtest/locustfile.py --headless --only-summary --host https://127.0.0.1:8443 "
        "--http 2 --users 4 --spawn-rate 100 --think 0.05 --warm-up 0.5 --conduct 2 --result /tmp/r.json --processes 2 "
        "--master-bind-host 127.0.0.1 --master-bind-port 5557 --master-port 5557 --exclude-tags dashboard upload"
    )


@pytest.mark.parametrize(
    ("client", "http", "host"),
    [
        (ClientProtocol.HTTP1, "1.1", "https://127.0.0.1:8443"),
        (ClientProtocol.H1C, "1.1", "http://127.0.0.1:8443"),
        (ClientProtocol.H2C, "2", "http://127.0.0.1:8443"),
    ],
)
def test_protocol_and_transport_come_from_the_target(client: ClientProtocol, http: str, host: str) -> None:
    assert (said(argv(client), "--http"), said(argv(client), "--host")) == (http, host)


def test_one_worker_needs_no_master() -> None:
    words = argv(ClientProtocol.H2, replace(PROFILE, workers=1))
    assert [word for word in words if "master" in word or word == "--processes"] == []


def test_only_h2_is_offered_if_the_target_says_so() -> None:
    assert "--h2-alone" in argv(ClientProtocol.H2, h2_alone=True)
    assert "--h2-alone" not in argv(ClientProtocol.H2)


def test_an_ipv6_address_is_put_in_brackets() -> None:
    words = locust_argv("p", Path("f"), Target("::1", 8443, ClientProtocol.H2), PROFILE, Path("r"), 1)
    assert said(words, "--host") == "https://[::1]:8443"


def test_locust_does_not_inherit_its_settings() -> None:
    inherited = {"PATH": "/bin", "HOME": "/home/me", "LOCUST_USERS": "1000", "LOCUST_HTTP": "1.1"}
    assert locust_environment(inherited, Path("/tmp/x")) == {"PATH": "/bin", "HOME": "/tmp/x"}  # noqa: S108


def test_a_result_of_two_workers_is_one_measurement() -> None:
    measurement = measured(parse_result(json.dumps(RESULT).encode()), PROFILE)
    assert (measurement.good_responses, measurement.bad_responses) == (
        RESULT["requests"] - sum(RESULT["failures"].values()),
        RESULT["failures"],
    )
    assert measurement.good_responses == sum(measurement.series)
    assert measurement.requests_per_second == RESULT["good_requests_per_second"]
    assert (measurement.p50_ms, measurement.p90_ms, measurement.p99_ms) == tuple(
        RESULT["percentiles_ms"][name] for name in ("p50", "p90", "p99")
    )
    assert (measurement.client_protocols, measurement.origin_protocols) == (
        RESULT["client_protocols"],
        {"http/1.1": RESULT["origin_versions"]["1.1"]},
    )
    assert (measurement.client_connections, measurement.origin_connections) == (
        RESULT["connections_opened"],
        RESULT["origin_connections"],
    )
    assert measurement.client_cpu_s == sum(worker["cpu_s"] for worker in RESULT["workers"])
    assert measurement.seconds == max(worker["seconds"] for worker in RESULT["workers"])


def test_failed_websocket_messages_and_user_errors_count_as_bad_and_failed_screens_do_not() -> None:
    entries = [
        {"method": "WS", "name": "/ws/echo message", "requests": 5, "failures": {"body differs": 2}},
        {"method": "SCREEN", "name": "dashboard", "requests": 5, "failures": {"a call failed": 1}},
    ]
    result = {**RESULT, "entries": RESULT["entries"] + entries, "user_errors": {"KeyError('x')": 1}}
    measurement = measured(parse_result(json.dumps(result).encode()), PROFILE)
    assert measurement.bad_responses == {**RESULT["failures"], "body differs": 2, "user error: KeyError('x')": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"workers_missing": ["vm_1"]}, "1 of Locust's workers sent no counts"),
        ({"format": 2}, "Locust's result has format 2, not 1"),
        ({"users": 3}, "at the end 3 users ran in 2 Locust workers, not 4 in 2"),
        ({"workers": RESULT["workers"][:1]}, "at the end 4 users ran in 1 Locust workers, not 4 in 2"),
        ({"requests": "many"}, "Locust's result cannot be read at requests: Input should be a valid integer"),
    ],
)
def test_an_unfit_result_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(LoadError, match=message):
        measured(parse_result(json.dumps(RESULT | change).encode()), PROFILE)


@pytest.mark.parametrize("content", [b"", json.dumps(RESULT).encode()[:200]])
def test_half_a_result_is_refused(content: bytes) -> None:
    with pytest.raises(LoadError, match="Locust's result cannot be read at its beginning: Invalid JSON"):
        parse_result(content)


def test_a_result_without_a_request_is_refused() -> None:
    with pytest.raises(LoadError, match="no request of Locust's users ended while requests were counted"):
        parse_result(NO_REQUEST)


def test_another_kind_of_load_is_refused() -> None:
    job = Job(Target("127.0.0.1", 1, ClientProtocol.H2), closed(Lanes(1)), "")
    with pytest.raises(LoadError, match="Locust makes no load of the kind 'closed'"):
        do(job, Gate(StringIO(), StringIO()))
