"""The users' journeys in real Locust processes: what they ask on each protocol, and how answers are checked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from right_answers import fault
from support.command import ROOT
from support.driver_stage import free_port, wait_for
from support.locust_process import brief, http_requests, visit
from support.serving import Certificate

FAULTY = ROOT / "tests" / "faults" / "faulty_server.py"


def names(result: dict[str, Any]) -> list[str]:
    return [f"{entry['method']} {entry['name']}" for entry in result["entries"]]


@contextmanager
def faulty(kind: str) -> Iterator[str]:
    """The URL of a server with this fault."""
    port = free_port()
    with subprocess.Popen([sys.executable, str(FAULTY), kind, str(port)], text=True) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.mark.parametrize("host", ["tls_host", "cleartext_host"])
@pytest.mark.parametrize("http", ["1.1", "2"])
def test_every_journey_is_made_on_the_requested_protocol(
    host: str, http: str, certificate: Certificate, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    checked = ("--ca-file", str(certificate.authority)) if host == "tls_host" else ()
    chat = ["WS /ws/echo connect", "WS /ws/echo message"] if http == "1.1" else []
    wanted = sorted(
        ["GET /", "GET /bytes/[n]", "GET /message/[id]", "GET /query?id=[id]", "POST /echo", "SCREEN dashboard", *chat]
    )
    # Journeys are drawn at random, so a busy machine needs more time until each has come up.
    for run_time_s in (1, 4, 16):
        result = visit(request.getfixturevalue(host), tmp_path, "--http", http, *checked, run_time_s=run_time_s)
        if names(result) == wanted:
            break
    assert names(result) == wanted
    assert result["requests"] == http_requests(result) == sum(result["response_times_ms"].values())
    assert set(result["client_protocols"]) == {"h2" if http == "2" else "http/1.1"}
    assert set(result["origin_versions"]) == {http}
    assert result["client_protocols"].popitem()[1] >= result["requests"]
    assert (result["users"], result["http"], result["host"]) == (4, http, request.getfixturevalue(host))
    if http == "2":
        assert result["connections_opened"] == 4
    assert [worker["worker"] for worker in result["workers"]] == ["local"]
    assert result["client_cpu_s"] > 0


# Above, it has one connection on HTTP/2.
def test_a_dashboard_has_six_connections_on_http1(tls_host: str, tmp_path: Path) -> None:
    assert visit(tls_host, tmp_path, "--tags", "dashboard")["connections_opened"] == 24


@pytest.mark.parametrize(("http", "reason"), [("1.1", "CERTIFICATE_VERIFY_FAILED"), ("2", "certificate not trusted")])
def test_a_certificate_of_another_authority_is_refused_with_a_ca_file(
    http: str, reason: str, tls_host: str, tmp_path: Path
) -> None:
    file, authority = tmp_path / "result.json", tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    arguments = ("--host", tls_host, "--http", http, "--tags", "upload", "--ca-file", str(authority))
    assert brief(*arguments, "--result", str(file)).returncode == 1
    result = json.loads(file.read_text())
    assert sum(result["failures"].values()) == result["requests"] > 0
    assert [failure for failure in result["failures"] if reason not in failure] == []


@pytest.mark.parametrize(("kind", "reason"), [("wrong-body", "body differs"), ("wrong-status", "status 503")])
def test_a_wrong_answer_is_a_failure_with_its_reason(kind: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    with faulty(kind) as host:
        # This server sends one message for every path, which is the wrong body for all that browse asks.
        done = brief("--host", host, "--tags", "browse", "--result", str(file))
    result = json.loads(file.read_text())
    assert done.returncode == 1
    assert result["failures"] == {reason: result["requests"]}
    assert result["good_requests_per_second"] == 0
    assert reason in done.stderr


def test_an_answer_without_the_origins_version_is_wrong() -> None:
    assert fault(200, b"spam", None, b"spam") == "no x-origin-http-version"
    assert fault(200, b"spam", "1.1", b"spam") == ""


# On HTTP/2 it is the same: tests/drivers/locust/test_loads.py.
def test_without_a_server_every_request_fails(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    brief("--host", f"http://127.0.0.1:{free_port()}", "--tags", "upload", "--result", str(file))
    result = json.loads(file.read_text())
    assert result["failures"] == {"ConnectionRefusedError(111, 'Connection refused')": result["requests"]}
    assert result["client_protocols"] == result["origin_versions"] == {}
