"""Starting any app on a real server and requesting it over a real connection, for contract tests."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from topolab.process.ports import ReservedPort

APPS = Path(__file__).parents[2] / "apps"
READY_WITHIN_S = 20.0
ANSWER_WITHIN_S = 20.0
FOLLOWED_WITHIN_S = 60.0
POLL_S = 0.05  # clients use the contract's POLL_S; here nothing is measured
SERVE = APPS.parent / "servers" / "serve.py"

# No proxy headers: Uvicorn trusts them from loopback, and would replace the socket's peer.
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
    folders: tuple[str, ...]
    companions: tuple[str, ...]
    programs: tuple[str, ...]

    def __str__(self) -> str:
        """Name the case in pytest's output."""
        return f"{self.app}-{self.interface}"


@dataclass(frozen=True)
class Answer:
    """A complete answer; header names are lower-case."""

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
        """Send one request on its own connection; an iterator as body is sent chunked."""
        connection = self.connect()
        try:
            connection.request(method, target, body=body, headers=dict(headers or {}))
            return whole(connection.getresponse())
        finally:
            connection.close()

    def get(self, target: str) -> Answer:
        """GET once on its own connection; a handed-over request is followed to its result."""
        return self.follow(self.request("GET", target))

    def follow(self, answer: Answer) -> Answer:
        """Poll a 202's location until the result is there. An app without companions may answer 202 itself."""
        deadline = time.monotonic() + FOLLOWED_WITHIN_S
        while self.case.companions and answer.status == 202 and time.monotonic() < deadline:
            time.sleep(POLL_S)
            answer = self.request("GET", answer.headers["location"])
        return answer

    def raw_status(self, request: bytes) -> int:
        """Send bytes unchanged, which http.client does not do, and return the status of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_WITHIN_S) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            try:
                response.begin()
                return response.status
            finally:
                response.close()


def whole(response: http.client.HTTPResponse) -> Answer:
    """Read an answer to its end."""
    received = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, received, response.read())


def discover(apps: Path = APPS) -> list[Case]:
    """Return every app x interface that an app.toml declares."""
    cases = []
    for declaration in sorted(apps.glob("*/app.toml")):
        app = tomllib.loads(declaration.read_text(encoding="utf-8"))
        folders = (app["name"], *app.get("python_path", ()), "common")
        companions = {companion["name"]: companion["command"][0] for companion in app.get("companions", ())}
        programs = tuple(word for word in companions.values() if word != "{python}")
        for interface, target in app["entrypoints"].items():
            cases.append(Case(app["name"], interface, target, folders, tuple(companions), programs))
    return cases


@contextmanager
def running(case: Case, log: Path) -> Iterator[Origin]:
    """Run the app and its companions on free ports until the block ends; all output goes to `log`."""
    port = _free_port()
    argv = [word.format(target=case.target, port=port) for word in _SERVERS[case.interface]]
    search_path = os.pathsep.join(str(APPS / folder) for folder in case.folders)
    environment = {**os.environ, "PYTHONPATH": search_path, "PYTHONDONTWRITEBYTECODE": "1"}
    with ExitStack() as processes, log.open("wb") as output:
        if case.companions:
            number = processes.enter_context(ReservedPort()).number
            environment["TOPOLAB_BROKER"] = f"127.0.0.1:{number}"
            where = ["--app", case.app, "--host", "127.0.0.1", "--port", str(number), "--broker", f"127.0.0.1:{number}"]
            for companion in case.companions:
                processes.enter_context(
                    _started([sys.executable, "-I", str(SERVE), "--companion", companion, *where], os.environ, output)
                )
        server = processes.enter_context(_started([sys.executable, "-m", *argv], environment, output))
        origin = Origin(case, port)
        _wait_until_healthy(origin, server, log)
        yield origin


@contextmanager
def _started(
    argv: Sequence[str], environment: Mapping[str, str], output: BinaryIO
) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        argv,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _stop(process)


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
    # All of it at once, as topolab ends a stack. Even if the leader has ended, one of its workers may still run.
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()
