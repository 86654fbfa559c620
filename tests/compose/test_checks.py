"""The health checks of containers started by hand: server, edge, and waiting for an edge."""

from __future__ import annotations

import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from topolab.backends.certificate import issue_certificate
from topolab.launch.root import own_root
from topolab.model.contract import HEALTH_PATH, message_path
from topolab.process.ports import LOOPBACK, ReservedPort

HEALTHY = own_root() / "compose" / "healthy.py"
AWAIT_EDGE = own_root() / "compose" / "await_edge.py"
HANDED_OVER = message_path("healthy", 0)


class Handler(BaseHTTPRequestHandler):
    """A healthy app, an unhealthy one, one that hands work over, and one that never finishes it."""

    def do_GET(self) -> None:
        """Answer by path."""
        status, location = {
            HEALTH_PATH: (200, ""),
            HANDED_OVER: (202, "/results/1"),
            "/results/1": (200, ""),
            "/never": (202, "/never"),
            "/nowhere": (202, ""),
        }.get(self.path, (503, ""))
        self.send_response(status)
        if location:
            self.send_header("location", location)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    files = issue_certificate(tmp_path, "edge.topolab.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.key)
    return context


def run(script: Path, *arguments: str) -> tuple[int, str, str]:
    """Its exit code, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-I", str(script), *arguments], capture_output=True, text=True, timeout=90, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        (HEALTH_PATH, 0, ""),
        (HANDED_OVER, 0, ""),
        ("/ill", 1, "/ill was answered with status 503\n"),
        ("/never", 1, "/never was answered with status 202\n"),
        ("/nowhere", 1, "/nowhere was answered with status 202\n"),
    ],
)
def test_a_server_that_answers_and_finishes_handed_over_work_is_healthy(path: str, code: int, said: str) -> None:
    with serving() as port:
        assert run(HEALTHY, "cleartext", str(port), path) == (code, said, "")


def test_the_check_of_an_app_with_companions_asks_for_a_message() -> None:
    assert f"'{HANDED_OVER}'" in (own_root() / "compose" / "django-celery.yaml").read_text(encoding="utf-8")


def test_any_certificate_is_accepted(tls: ssl.SSLContext) -> None:
    with serving(tls) as port:
        assert run(HEALTHY, "tls", str(port)) == (0, "", "")
        assert run(HEALTHY, "edge", str(port)) == (0, "", "")


def test_an_edge_with_only_http2_is_healthy(tls: ssl.SSLContext) -> None:
    tls.set_alpn_protocols(["h2"])
    with serving(tls) as port:
        assert run(HEALTHY, "edge", str(port)) == (0, "", "")


@pytest.mark.parametrize("listener", ["cleartext", "tls", "edge"])
def test_a_refused_connection_is_reported_in_one_line(listener: str) -> None:
    with ReservedPort() as reserved:
        code, said, errors = run(HEALTHY, listener, str(reserved.number))
    assert (code, said, errors) == (1, "ConnectionRefusedError: [Errno 111] Connection refused\n", "")


def test_an_edge_without_tls_is_not_healthy() -> None:
    with serving() as port:
        code, said, errors = run(HEALTHY, "edge", str(port))
    assert (code, errors) == (1, "")
    assert said.startswith("SSLError: ")


def test_an_edge_is_waited_for_until_it_accepts_connections() -> None:
    with serving() as port:
        assert run(AWAIT_EDGE, f"https://{LOOPBACK}:{port}") == (0, "", "")


def test_an_invalid_url_is_refused_at_once() -> None:
    assert run(AWAIT_EDGE, "proxy:8443") == (
        1,
        "",
        "await_edge.py: proxy:8443: expected a URL such as https://proxy:8443\n",
    )


def test_an_unspecified_listener_is_detected(tls: ssl.SSLContext) -> None:
    with serving() as cleartext, serving(tls) as encrypted:
        assert [run(HEALTHY, "", str(port)) for port in (cleartext, encrypted)] == [(0, "", "")] * 2
    with ReservedPort() as nobody:
        code, said, _ = run(HEALTHY, "", str(nobody.number))
    assert (code, "refused" in said) == (1, True)
