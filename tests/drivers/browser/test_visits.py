"""Whole visits of a real Chromium to a real page: measurements, failures and cleanup."""

from __future__ import annotations

import os
import signal
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from support.apps import page_app
from support.driver_stage import Client, free_port, hypercorn, nginx, worker
from support.keys import Keys
from support.needs import skip_or_fail
from support.quiet_network import quiet_network
from topolab.drivers.browser.descriptor import missing_browser
from topolab.drivers.browser.page import PAGE_BODY
from topolab.drivers.protocol import GO, Failed, Loaded, Measured, Warm, job_line
from topolab.model.measurement import Measurement
from topolab.model.profile import Lanes, PageLoad
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target
from topolab.model.visit import SCREENSHOT_FILE, VISIT_FILE, Visit
from topolab.process.usage import counters_available, members

DELAY = "0.2"
COUNT = 24
_visits = TypeAdapter(Visit)


@dataclass(frozen=True)
class Servers:
    """The page's app over TLS and QUIC, in cleartext, and behind a proxy that speaks only HTTP/1.1."""

    encrypted: int
    cleartext: int
    http1only: int


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """Chromium drops its connections when the machine's network changes, as containers of other tests change it."""
    with quiet_network():
        yield


@pytest.fixture(scope="module")
def servers(network: None, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:  # noqa: ARG001
    found = Servers(free_port(), free_port(), free_port())
    proxy = (
        f"server {{ listen 127.0.0.1:{found.http1only} ssl; ssl_certificate {keys.server}; "
        f"ssl_certificate_key {keys.server}; location / {{ proxy_http_version 1.1; "
        f"proxy_pass http://localhost:{found.cleartext}; }} }}"
    )
    with (
        hypercorn(found.encrypted, certificate=keys.server, app="page_app"),
        hypercorn(found.cleartext, app="page_app"),
        nginx(tmp_path_factory.mktemp("nginx"), proxy),
    ):
        yield found


@pytest.fixture
def browser(network: None, tmp_path: Path) -> Iterator[Client]:  # noqa: ARG001
    if reason := missing_browser():
        skip_or_fail(reason)
    with worker({"TMPDIR": str(tmp_path)}, driver="browser") as client:
        yield client


def page(delay: str = DELAY, *, requests: int = COUNT, timeout_s: float = 60.0) -> PageLoad:
    return PageLoad(
        name="page", summary="s", kind="page", driver="browser", path=f"/message/{{i}}?delay={delay}",
        body=PAGE_BODY, requests=requests, http1=Lanes(6), multiplexed=Lanes(1, 100), timeout_s=timeout_s,
    )  # fmt: skip


def outcome(client: Client, target: Target, profile: PageLoad) -> Measured | Failed:
    """A job's last event. It warms up again if containers changed the machine's network meanwhile."""
    client.send(job_line(target, profile))
    while (event := client.read()) == Warm():
        client.send(GO)
    if event == Loaded():
        event = client.read()
    assert isinstance(event, Measured | Failed)
    return event


def visited(client: Client, target: Target, profile: PageLoad) -> tuple[Measurement, Visit]:
    event = outcome(client, target, profile)
    assert isinstance(event, Measured), event
    return event.measurement, _visits.validate_json(client.kept[VISIT_FILE])


def over_tls(port: int, keys: Keys, protocol: ClientProtocol = ClientProtocol.H2) -> Target:
    return Target("127.0.0.1", port, protocol, ca_file=keys.ca)


@pytest.mark.parametrize(
    ("protocol", "connections", "switched_off"),
    [
        (ClientProtocol.HTTP1, 6, True),
        (ClientProtocol.H2, 1, False),
        (ClientProtocol.H3, 1, False),
        (ClientProtocol.H1C, 6, False),
    ],
)
def test_a_page_is_visited_over_every_protocol_a_browser_speaks(
    browser: Client,
    servers: Servers,
    keys: Keys,
    protocol: ClientProtocol,
    connections: int,
    switched_off: bool,
) -> None:
    encrypted = protocol.transport.encrypted
    target = over_tls(servers.encrypted, keys, protocol)
    if not encrypted:
        target = Target("127.0.0.1", servers.cleartext, protocol)

    measured, visit = visited(browser, target, page())

    assert (visit.http2_switched_off, "--disable-http2" in visit.flags) == (switched_off, switched_off)
    assert (measured.good_responses, measured.bad_responses) == (COUNT, {})
    assert measured.client_protocols == measured.origin_protocols == {protocol.protocol.value: COUNT}
    assert (measured.client_connections, measured.origin_connections) == (connections, connections)
    assert visit.connections == connections
    assert [fetch.number for fetch in visit.fetches] == list(range(COUNT))
    assert {fetch.url for fetch in visit.fetches} == {
        f"{target.base_url}/message/{number}?delay={DELAY}" for number in range(COUNT)
    }
    # Only the connection that loaded the page is open already.
    cold = [fetch for fetch in visit.fetches if not fetch.connection_reused]
    assert len(cold) == connections - 1


def test_times_start_at_the_press_and_come_in_waves_on_six_connections(
    browser: Client, servers: Servers, keys: Keys
) -> None:
    measured, visit = visited(browser, over_tls(servers.encrypted, keys, ClientProtocol.HTTP1), page())

    waves = COUNT / 6 * float(DELAY)
    assert measured.page_seconds == visit.total_ms / 1000 == max(fetch.end_ms for fetch in visit.fetches) / 1000
    assert measured.page_seconds >= waves
    for fetch in visit.fetches:
        assert 0 <= fetch.queued_ms <= fetch.start_ms <= fetch.end_ms - 1000 * float(DELAY)
    assert sum(fetch.start_ms < 1000 * float(DELAY) for fetch in visit.fetches) <= 6


def test_behind_an_http1_proxy_the_browser_has_its_default_settings(
    browser: Client, servers: Servers, keys: Keys
) -> None:
    measured, visit = visited(browser, over_tls(servers.http1only, keys, ClientProtocol.HTTP1), page(requests=8))

    assert visit.http2_switched_off is False
    assert measured.client_protocols == {"http/1.1": 8}
    assert measured.client_connections == 6


def test_kept_files_name_the_browser_and_show_the_page(browser: Client, servers: Servers, keys: Keys) -> None:
    _, visit = visited(browser, over_tls(servers.encrypted, keys), page(requests=3))

    assert visit.url == f"https://edge.topolab.test:{servers.encrypted}/?n=3&delay={DELAY}"
    assert visit.chromium.partition(".")[0] in visit.user_agent
    assert visit.playwright
    assert "--ignore-certificate-errors" not in visit.flags
    picture = browser.kept[SCREENSHOT_FILE]
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">I", picture[16:20])[0] == 2080


@pytest.mark.parametrize(
    ("delay", "kind"),
    [
        (page_app.FAILING, "status 500"),
        (page_app.WRONG, "body differs"),
        (page_app.NAMELESS, "no origin version"),
    ],
)
def test_a_bad_answer_leaves_the_page_incomplete(
    browser: Client, servers: Servers, keys: Keys, delay: str, kind: str
) -> None:
    measured, visit = visited(browser, over_tls(servers.encrypted, keys), page(delay, requests=8))

    assert (measured.good_responses, measured.bad_responses, measured.page_seconds) == (7, {kind: 1}, None)
    assert [fetch.number for fetch in visit.fetches if fetch.fault] == [3]


def test_an_unfinished_page_is_given_up_with_its_progress(browser: Client, servers: Servers, keys: Keys) -> None:
    event = outcome(browser, over_tls(servers.encrypted, keys), page(page_app.NEVER, requests=8, timeout_s=1.5))

    assert event == Failed("the page was not finished within 1.5 s: 7 of 8 requests were answered")
    visit = _visits.validate_json(browser.kept[VISIT_FILE])
    assert (visit.finished, [fetch.fault for fetch in visit.fetches if fetch.fault]) == (False, ["unanswered"])


def test_one_worker_makes_several_visits_and_cleans_up(browser: Client, servers: Servers, keys: Keys) -> None:
    target = over_tls(servers.encrypted, keys)
    for _ in range(2):
        assert visited(browser, target, page(requests=2))[0].good_responses == 2
    if counters_available():
        assert members(browser.process.pid) == [browser.process.pid]


def test_a_certificate_of_another_authority_is_refused(
    browser: Client, servers: Servers, keys: Keys, tmp_path: Path
) -> None:
    import trustme

    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))

    event = outcome(browser, replace(over_tls(servers.encrypted, keys), ca_file=other), page())

    assert isinstance(event, Failed)
    assert event.message.startswith("the edge's certificate cannot be checked: SSL certificate ")


def test_a_refused_connection_is_given_as_the_reason(browser: Client) -> None:
    event = outcome(browser, Target("127.0.0.1", free_port(), ClientProtocol.H1C), page())

    assert isinstance(event, Failed)
    assert "net::ERR_CONNECTION_REFUSED" in event.message


def test_a_chromium_that_does_not_start_is_reported_with_its_last_output(
    servers: Servers, keys: Keys, tmp_path: Path
) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho no spam today\nexit 3\n")
    broken.chmod(0o755)
    with worker({"TOPOLAB_CHROMIUM": str(broken), "TMPDIR": str(tmp_path)}, driver="browser") as client:
        event = outcome(client, over_tls(servers.encrypted, keys), page())

    assert event == Failed("Chromium ended instead of starting: no spam today")


@pytest.mark.skipif(not counters_available(), reason="needs the kernel's /proc")
@pytest.mark.parametrize("when", ["starting", "warm", "waiting"])
def test_no_process_is_left_when_the_worker_is_killed(browser: Client, servers: Servers, keys: Keys, when: str) -> None:
    group = browser.process.pid
    browser.send(job_line(over_tls(servers.encrypted, keys), page("30", requests=2)))
    if when == "starting":
        wait_until(lambda: chromiums(group) > 0)
    else:
        assert browser.read() == Warm()
    if when == "waiting":
        browser.send(GO)
        time.sleep(0.2)  # at any point of the half minute that the page takes
    everything = members(group)
    assert len(everything) > 1

    os.killpg(group, signal.SIGKILL)

    browser.process.wait()
    wait_until(lambda: not [pid for pid in everything if running(pid)])
    assert members(group) == []


def chromiums(group: int) -> int:
    return sum(b"--remote-debugging-port" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in members(group))


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "did not come about within 10 s"
        time.sleep(0.01)
