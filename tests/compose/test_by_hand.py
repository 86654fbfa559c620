"""Stacks started by hand with the README's commands: health, hops, and cleanup."""

from __future__ import annotations

import json
import os
import secrets
import ssl
import subprocess
from collections.abc import Iterator
from http.client import HTTPSConnection
from typing import Any

import pytest

from support.command import ROOT
from topolab.process.ports import LOOPBACK, ReservedPort

pytestmark = pytest.mark.usefixtures("images")
TIMEOUT_S = 20.0


class ByHand:
    """A Compose project for one test, with the files and variables that a person would use."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._project = f"topolab-test-{secrets.token_hex(4)}"

    def compose(self, topology: str, *arguments: str, also: str = "", **variables: str) -> str:
        """Return a `docker compose` command's output; raise if it fails. `also` names another file."""
        done = self.tried(topology, *arguments, also=also, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tried(
        self, topology: str, *arguments: str, also: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """The same command, whether it fails or not."""
        names = [name for name in ("base", topology, also) if name]
        files = [word for name in names for word in ("--file", f"compose/{name}.yaml")]
        return subprocess.run(
            ["docker", "compose", "--project-name", self._project, *files, *arguments],
            cwd=ROOT,
            env={**os.environ, "SERVER": "hypercorn", "APP": "fastapi", "EDGE_PORT": str(self.port), **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def down(self) -> None:
        """Remove it."""
        self.compose("proxy", "down", "--timeout", "0", "--remove-orphans")

    def inspect(self, service: str) -> dict[str, Any]:
        """Inspect a service's container."""
        found = self.compose("direct", "ps", "--quiet", service).strip()
        done = subprocess.run(["docker", "inspect", found], capture_output=True, text=True, check=True)
        (container,) = json.loads(done.stdout)
        return dict(container)

    def ask(self, path: str) -> tuple[int, str | None, dict[str, object]]:
        """Status, location and JSON of an HTTP/1.1 request through the edge."""
        context = ssl._create_unverified_context()  # noqa: S323 - self-signed, as the README says
        connection = HTTPSConnection(LOOPBACK, self.port, context=context, timeout=TIMEOUT_S)
        connection.request("GET", path, headers={"host": "localhost"})
        response = connection.getresponse()
        answer = response.status, response.getheader("location"), json.loads(response.read())
        connection.close()
        return answer

    def hop(self) -> dict[str, object]:
        """What the app saw of such a request."""
        return self.ask("/hop")[2]

    def negotiated(self) -> str | None:
        """What the edge chooses from h2 and http/1.1."""
        context = ssl._create_unverified_context()  # noqa: S323
        context.set_alpn_protocols(["h2", "http/1.1"])
        connection = HTTPSConnection(LOOPBACK, self.port, context=context, timeout=TIMEOUT_S)
        connection.connect()
        chosen: str | None = connection.sock.selected_alpn_protocol()
        connection.close()
        return chosen


@pytest.fixture
def by_hand() -> Iterator[ByHand]:
    with ReservedPort() as reserved:
        number = reserved.number
    stack = ByHand(number)
    yield stack
    stack.down()


def test_the_readmes_stack_downgrades_and_restarts_after_a_stop(by_hand: ByHand) -> None:
    for command in (["up", "--wait"], ["stop"], ["up", "--wait"]):
        by_hand.compose("proxy", *command)
    assert by_hand.negotiated() == "h2"
    seen = by_hand.hop()
    assert (seen["http_version"], seen["scheme"], seen["interface"]) == ("1.1", "http", "asgi")


def test_a_server_without_a_proxy_is_the_edge_published_only_on_loopback(by_hand: ByHand) -> None:
    by_hand.compose("direct", "up", "--wait", SERVER="gunicorn-gthread", APP="django")
    assert by_hand.negotiated() == "h2"
    seen = by_hand.hop()
    assert (seen["http_version"], seen["scheme"], seen["interface"]) == ("1.1", "https", "wsgi")
    found = by_hand.inspect("server")
    published = {bound["HostIp"] for ports in found["NetworkSettings"]["Ports"].values() for bound in ports or ()}
    assert published == {LOOPBACK}


def test_meinheld_runs_from_the_image_of_its_python(by_hand: ByHand) -> None:
    by_hand.compose("proxy", "up", "--wait", SERVER="gunicorn-meinheld", APP="bare", SERVER_DEBIAN="bookworm")
    assert by_hand.hop()["interface"] == "wsgi"


def test_locust_on_several_workers_gives_one_result(by_hand: ByHand) -> None:
    by_hand.compose(
        *("proxy", "up", "--scale", "worker=3", "--exit-code-from", "master"),
        also="locust",
        LOCUST_HTTP="2",
        LOCUST_USERS="6",
        LOCUST_RUN_TIME="3s",
        LOCUST_THINK="0.05",
    )
    log = by_hand.compose("proxy", "logs", "--no-log-prefix", "master", also="locust")
    result, _ = json.JSONDecoder().raw_decode(log[log.index('{"format"') :])  # Locust's own lines may follow it
    assert [worker["users"] for worker in result["workers"]] == [2, 2, 2]
    assert min(worker["requests"] for worker in result["workers"]) > 0
    assert (result["failures"], result["user_errors"], result["workers_missing"]) == ({}, {}, [])
    # The downgrade: one HTTP/2 connection per user outside, and HTTP/1.1 behind.
    assert (result["client_protocols"], result["origin_versions"], result["connections_opened"]) == (
        {"h2": result["requests"]},
        {"1.1": result["requests"]},
        6,
    )


def test_handed_over_work_is_answered_and_a_server_without_its_task_worker_is_unhealthy(by_hand: ByHand) -> None:
    # With threads: without its task worker, the container's own check would keep a sync worker busy.
    chosen = {"also": "django-celery", "SERVER": "gunicorn-gthread", "APP": "django-celery"}
    by_hand.compose("proxy", "up", "--wait", **chosen)
    status, location, body = by_hand.ask("/message/1?delay=0")
    assert status == 202
    while status == 202:
        assert location is not None
        status, location, body = by_hand.ask(location)
    assert (status, body) == (200, {"text": "spam, egg, spam and spam!, 1!"})

    by_hand.compose("proxy", "stop", "task-worker", **chosen)
    healthy = ["/topolab/compose/healthy.py", "cleartext", "8000"]
    by_hand.compose("proxy", "exec", "server", *healthy, **chosen)
    with pytest.raises(AssertionError):  # the health check's own limit: an answer would take a fraction of it
        by_hand.compose("proxy", "exec", "server", "timeout", "5", *healthy, "/message/1?delay=0", **chosen)


def test_an_unknown_server_is_reported_by_the_server_and_not_the_proxy(by_hand: ByHand) -> None:
    with pytest.raises(AssertionError) as raised:
        by_hand.compose("proxy", "up", "--wait", SERVER="nope")
    assert "server-1 exited (2)" in str(raised.value)
    assert "proxy-1 exited" not in str(raised.value)
    assert "serve.py: " in (said := by_hand.compose("proxy", "logs", "--no-log-prefix", "server"))
    assert "nope: no such server" in said


def test_a_build_by_hand_refuses_a_base_of_another_release(by_hand: ByHand) -> None:
    bookworm = os.environ.get("BASE_IMAGE_BOOKWORM", "topolab-base:bookworm")
    done = by_hand.tried("proxy", "--progress", "plain", "build", "server", BASE_IMAGE=bookworm)
    assert done.returncode != 0
    said = "topolab: the base image is bookworm, expected trixie; set BASE_IMAGE to a trixie image"
    assert said in done.stdout + done.stderr


def test_the_server_uses_the_listener_the_topology_names(by_hand: ByHand) -> None:
    """The README's stack, behind `alb`, uses the cleartext one."""
    by_hand.compose("proxy", "up", "--wait", TOPOLOGY="nlb-tcp")
    seen = by_hand.hop()
    assert (seen["http_version"], seen["scheme"]) == ("1.1", "https")
