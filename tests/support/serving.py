"""Starting any declared variant through serve.py and requesting it once, for the capability test."""

import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pycurl

from topolab.process.ports import ReservedPort

ROOT = Path(__file__).parents[2]
SERVE = ROOT / "servers" / "serve.py"
READY_WITHIN_S = 30.0
ANSWER_WITHIN_MS = 10_000
POLL_S = 0.02
LOG_TAIL = 2000

# pycurl's name for requesting each protocol over this listener.
ASKED = {
    ("cleartext", "http/1.1"): pycurl.CURL_HTTP_VERSION_1_1,
    ("cleartext", "h2"): pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
    ("tls", "http/1.1"): pycurl.CURL_HTTP_VERSION_1_1,
    ("tls", "h2"): pycurl.CURL_HTTP_VERSION_2TLS,
    ("quic", "h3"): pycurl.CURL_HTTP_VERSION_3ONLY,
}
SEEN = {
    pycurl.CURL_HTTP_VERSION_1_1: "http/1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "h2",
    pycurl.CURL_HTTP_VERSION_3: "h3",
}


@dataclass(frozen=True)
class Certificate:
    """The files of one test certificate; the key is PKCS#8."""

    authority: Path
    chain: Path
    key: Path


@dataclass(frozen=True)
class Port:
    """One listener of one variant, as a server.toml declares it."""

    folder: str
    server: str
    interface: str
    listener: str
    protocols: tuple[str, ...]
    packages: tuple[str, ...]
    missing_reason: str

    def __str__(self) -> str:
        """Name the case in pytest's output."""
        return f"{self.server}-{self.listener}"

    def missing(self) -> str:
        """Return why this machine cannot run the variant; empty if it can."""
        lacking = [package for package in self.packages if not _installed(package)]
        return f"{', '.join(lacking)} not installed. {self.missing_reason}".strip() if lacking else ""


@dataclass(frozen=True)
class Answer:
    """One request's result, as the client and the app saw it."""

    status: int
    protocol: str
    origin_version: str | None
    body: bytes


def discover(root: Path = ROOT) -> list[Port]:
    """Return every variant x listener that a server.toml declares."""
    ports = []
    for file in sorted(root.glob("servers/*/server.toml")):
        server = tomllib.loads(file.read_text(encoding="utf-8"))
        for variant in server["variants"]:
            ports += [_port(file.parent.name, variant, listener) for listener in variant["listeners"]]
    return ports


@contextmanager
def running(port: Port, certificate: Certificate, log: Path, folder: Path | None = None) -> Iterator[int]:
    """Run the bare app under the variant, started in `folder`, and give the port's number once it answers.

    The number is held bound while the server runs, as topolab's harness holds it.
    """
    with ReservedPort() as reserved, log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", str(ROOT / "servers" / "serve.py"), port.server, "--app", "bare"),
                *("--interface", port.interface, "--listener", port.listener),
                *("--host", "127.0.0.1", "--port", str(reserved.number)),
                *("--cert", str(certificate.chain), "--key", str(certificate.key)),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _await(port, reserved.number, certificate, process, log)
            yield reserved.number
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ask(listener: str, protocol: str, port: int, certificate: Certificate) -> Answer:
    """GET once on a connection of its own, asking for the protocol; raise pycurl.error when nothing answers."""
    headers: dict[str, str] = {}

    def take(line: bytes) -> None:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers[name.lower()] = value.strip()

    handle = pycurl.Curl()
    try:
        scheme = "http" if listener == "cleartext" else "https"
        handle.setopt(pycurl.URL, f"{scheme}://127.0.0.1:{port}/query?id=1")
        handle.setopt(pycurl.HTTP_VERSION, ASKED[listener, protocol])
        handle.setopt(pycurl.CAINFO, str(certificate.authority))
        handle.setopt(pycurl.TIMEOUT_MS, ANSWER_WITHIN_MS)
        handle.setopt(pycurl.NOPROXY, "*")
        handle.setopt(pycurl.HEADERFUNCTION, take)
        body = handle.perform_rb()
        version: Any = handle.getinfo(pycurl.INFO_HTTP_VERSION)
        status = handle.getinfo(pycurl.RESPONSE_CODE)
        return Answer(status, SEEN.get(version, f"curl's {version}"), headers.get("x-origin-http-version"), body)
    finally:
        handle.close()


def _port(folder: str, variant: dict[str, Any], listener: str) -> Port:
    return Port(
        folder=folder,
        server=f"{folder}-{variant['name']}",
        interface=variant["interfaces"][0],
        listener=listener,
        protocols=tuple(variant["listeners"][listener]["protocols"]),
        packages=tuple(variant["packages"]),
        missing_reason=variant.get("missing_reason", ""),
    )


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _await(port: Port, number: int, certificate: Certificate, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            ask(port.listener, port.protocols[0], number, certificate)
        except pycurl.error as error:
            if process.poll() is None and time.monotonic() < deadline:
                time.sleep(POLL_S)
                continue
            tail = log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:]
            raise AssertionError(f"{port} never answered: {error}\n{tail}") from error
        return
