"""Starting any app on a real server and asking it over a real connection: the hands of the contract tests."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

APPS = Path(__file__).parents[2] / "apps"
READY_WITHIN_S = 20.0
STOPPED_WITHIN_S = 5.0
ANSWER_WITHIN_S = 20.0

# No proxy headers: Uvicorn trusts them from loopback, and the peer would no longer be the socket's.
_SERVERS = {
    "asgi": ["uvicorn", "{target}", "--host", "127.0.0.1", "--port", "{port}", "--no-proxy-headers"],
    "wsgi": [
        *("gunicorn", "{target}", "--bind", "127.0.0.1:{port}", "--no-control-socket"),
        *("--worker-class", "gthread", "--threads", "32"),
    ],
}


@dataclass(frozen=True)
class Case:
    """One app through one interface, as its app.toml declares it."""

    app: str
    interface: str
    target: str

    def __str__(self) -> str:
        """Name the case in pytest's output."""
        return f"{self.app}-{self.interface}"


@dataclass(frozen=True)
class Answer:
    """A whole answer; header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Origin:
    """A running app."""

    case: Case
    port: int

    def connect(self) -> http.client.HTTPConnection:
        """Return a new connection; the caller closes it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_WITHIN_S)

    def request(
        self,
        method: str,
        target: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once on a connection of its own; an iterator as body is sent chunked."""
        connection = self.connect()
        try:
            connection.request(method, target, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read())
        finally:
            connection.close()

    def get(self, target: str) -> Answer:
        """GET once on a connection of its own."""
        return self.request("GET", target)

    def raw_status(self, request: bytes) -> int:
        """Send bytes as they are, which http.client would not, and return the status of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_WITHIN_S) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            try:
                response.begin()
                return response.status
            finally:
                response.close()


def discover(apps: Path = APPS) -> list[Case]:
    """Return every app x interface that an app.toml declares."""
    cases = []
    for declaration in sorted(apps.glob("*/app.toml")):
        app = tomllib.loads(declaration.read_text(encoding="utf-8"))
        cases += [Case(app["name"], interface, target) for interface, target in app["entrypoints"].items()]
    return cases


@contextmanager
def running(case: Case, log: Path) -> Iterator[Origin]:
    """Run the app on a free port until the block ends; the server's output goes to `log`."""
    port = _free_port()
    argv = [word.format(target=case.target, port=port) for word in _SERVERS[case.interface]]
    search_path = os.pathsep.join([str(APPS / case.app), str(APPS / "common")])
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", *argv],
            env={**os.environ, "PYTHONPATH": search_path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            origin = Origin(case, port)
            _wait_until_healthy(origin, server, log)
            yield origin
        finally:
            _stop(server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(origin: Origin, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if origin.get("/healthz").status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
    raise RuntimeError(f"{origin.case} was not ready within {READY_WITHIN_S} s:\n{log.read_text(errors='replace')}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    try:
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(STOPPED_WITHIN_S)
    finally:
        # Also when the leader went in peace: a worker of its may not have.
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
