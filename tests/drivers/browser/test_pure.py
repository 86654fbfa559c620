"""Chromium's command line, and the page's rows from recorded events; no browser runs here."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from topolab.drivers.browser.flags import flags_for
from topolab.drivers.browser.results import measurement
from topolab.drivers.browser.seen import Answer, PageState, Wire, fetches
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target
from topolab.model.visit import Fetch, Visit

TARGET = Target("127.0.0.1", 8443, ClientProtocol.H2, ca_file=Path("/ca.pem"))
ORIGIN = {"x-origin-http-version": "1.1", "x-origin-peer": "4711"}
BASE = "https://edge.topolab.test:8443"


def test_only_the_verified_key_is_trusted() -> None:
    leaf = trustme.CA().issue_cert("edge.topolab.test").cert_chain_pems[0].bytes()
    key = x509.load_pem_x509_certificate(leaf).public_key()
    pin = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()

    flags = flags_for(TARGET, leaf, http2=True, sandbox=True)

    trusting = [flag for flag in flags if "certificate" in flag]
    assert trusting == [f"--ignore-certificate-errors-spki-list={base64.b64encode(pin).decode()}"]


@pytest.mark.parametrize(("host", "written"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_only_the_edges_name_resolves(host: str, written: str) -> None:
    flags = flags_for(replace(TARGET, host=host), None, http2=True, sandbox=True)

    assert f"--host-resolver-rules=MAP edge.topolab.test {written}, MAP * ~NOTFOUND" in flags


@pytest.mark.parametrize(
    ("target", "http2", "sandbox", "more"),
    [
        (TARGET, True, True, ()),
        (TARGET, False, True, ("--disable-http2",)),
        (TARGET, True, False, ("--no-sandbox",)),
        (
            replace(TARGET, client_protocol=ClientProtocol.H3),
            True,
            True,
            ("--enable-quic", "--origin-to-force-quic-on=edge.topolab.test:8443"),
        ),
    ],
)
def test_flags_that_change_the_browser_appear_only_where_needed(
    target: Target, http2: bool, sandbox: bool, more: tuple[str, ...]
) -> None:
    always = set(flags_for(TARGET, None, http2=True, sandbox=True))

    assert set(flags_for(target, None, http2=http2, sandbox=sandbox)) - always == set(more)


def answer(path: str, *, status: int = 200, connection: int = 7, headers: dict[str, str] | None = None) -> Answer:
    return Answer(f"{BASE}{path}", status, connection, False, ORIGIN if headers is None else headers)


def entry(path: str, queued: float, start: float, end: float) -> dict[str, Any]:
    return {"url": f"{BASE}{path}", "queued": queued, "start": start, "end": end, "protocol": "h2"}


def test_a_rows_times_start_at_the_press_and_it_has_the_answers_headers() -> None:
    told = PageState(100.0, 500.0, {0: False}, [entry("/message/0?delay=3", 101.0, 102.5, 400.0)])

    assert fetches(told, [answer("/?n=1"), answer("/message/0?delay=3")]) == (
        Fetch(
            number=0, url=f"{BASE}/message/0?delay=3", queued_ms=1.0, start_ms=2.5, end_ms=300.0, status=200,
            protocol="h2", connection=7, connection_reused=False, origin_http_version="1.1", origin_peer="4711",
            fault="",
        ),
    )  # fmt: skip


def test_a_row_that_was_handed_over_ends_with_its_last_answer() -> None:
    """The answers of an app that hands work over: 202 with a location, until the result is there."""
    at = {**ORIGIN, "location": "/result/spam"}
    paths = ["/message/0?delay=3", "/result/spam", "/message/1?delay=3", "/result/spam"]
    answers = [
        answer(paths[0], status=202, connection=1, headers=at),
        answer(paths[1], status=202, connection=2, headers=at),
        answer(paths[2], connection=3),
        answer(paths[3], connection=4),
    ]
    entries = [entry(path, 10.0 * i, 10.0 * i + 1, 10.0 * i + 2) for i, path in enumerate(paths)]

    first, second = fetches(PageState(0.0, 50.0, {0: False, 1: False}, entries), answers)

    assert (first.status, first.fault, first.requests, first.connection) == (200, "", 3, 1)
    assert (first.queued_ms, first.start_ms, first.end_ms) == (0.0, 1.0, 32.0)
    assert (second.requests, second.start_ms, second.end_ms) == (1, 21.0, 22.0)


@pytest.mark.parametrize(
    ("answers", "failed", "fault"),
    [
        ([answer("/message/0", status=503)], True, "status 503"),
        ([answer("/message/0", headers={})], False, "no origin version"),
        ([answer("/message/0")], True, "body differs"),
        ([Answer(f"{BASE}/message/0", error="net::ERR_SPAM")], True, "net::ERR_SPAM"),
        ([], True, "unanswered"),
    ],
)
def test_a_bad_answer_is_described(answers: list[Answer], failed: bool, fault: str) -> None:
    (fetch,) = fetches(PageState(0.0, 50.0, {0: failed}, []), answers)

    assert fetch.fault == fault


def test_a_truncated_body_is_reported_as_a_network_error() -> None:
    wire = Wire()
    url = f"{BASE}/message/0"
    response = {"url": url, "status": 200, "headers": ORIGIN, "connectionId": 7, "connectionReused": False}
    wire.sent({"requestId": "1", "request": {"url": url}})
    wire.received({"requestId": "1", "response": response})
    assert wire.answers["1"] == Answer(url, 200, 7, False, ORIGIN)
    wire.failed({"requestId": "1", "errorText": "net::ERR_CONTENT_LENGTH_MISMATCH"})

    assert (wire.answers["1"].error, wire.network_changed) == ("net::ERR_CONTENT_LENGTH_MISMATCH", False)
    wire.failed({"requestId": "1", "errorText": "net::ERR_NETWORK_CHANGED"})
    assert wire.network_changed


def visit(*fetches: Fetch) -> Visit:
    return Visit(
        url=BASE, total_ms=3050.0, finished=True, http2_switched_off=False, chromium="156.0", playwright="1", flags=(),
        user_agent="spam", fetches=fetches,
    )  # fmt: skip


GOOD = Fetch(
    number=0, url=BASE, queued_ms=0.0, start_ms=1.0, end_ms=2.0, status=200, protocol="h2", connection=1,
    connection_reused=True, origin_http_version="1.1", origin_peer="10", fault="",
)  # fmt: skip


def test_a_good_visit_is_measured() -> None:
    seen = measurement(visit(GOOD, replace(GOOD, origin_peer="11")), cpu_s=0.5, wall_s=3.2)

    assert (seen.page_seconds, seen.good_responses, seen.bad_responses) == (3.05, 2, {})
    assert (seen.client_protocols, seen.origin_protocols) == ({"h2": 2}, {"http/1.1": 2})
    assert (seen.client_connections, seen.origin_connections) == (1, 2)
    assert (seen.client_cpu_s, seen.client_wall_s) == (0.5, 3.2)


def test_a_page_with_a_bad_answer_has_no_time() -> None:
    bad = replace(GOOD, status=0, connection=None, protocol="", origin_http_version="", fault="net::ERR_SPAM")
    seen = measurement(visit(GOOD, bad), cpu_s=0.5, wall_s=3.2)

    assert (seen.page_seconds, seen.good_responses, seen.bad_responses) == (None, 1, {"net::ERR_SPAM": 1})
    assert (seen.client_protocols, seen.origin_protocols) == ({"h2": 1}, {"http/1.1": 1})


def test_hidden_peers_leave_the_number_of_connections_unknown() -> None:
    assert measurement(visit(replace(GOOD, origin_peer="")), cpu_s=0.0, wall_s=1.0).origin_connections is None
