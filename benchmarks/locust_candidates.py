"""The HTTP clients that benchmarks/locust_clients.py compares, each as a function that sends one request and waits.

topolab does not depend on httpx, httpx2 and niquests: a candidate whose package is missing raises ImportError.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "loadtest"))

Answer = tuple[int, str, str | None]  # status, body, x-origin-http-version
Ask = Callable[[], Answer]


class Candidate(NamedTuple):
    """A client's name in the table, and a function that opens one connection for requests to `base_url` + `path`."""

    name: str
    protocol: str
    open: Callable[[str, str], Ask]
    streams: bool  # whether greenlets may share a connection


def _libcurl(base_url: str, path: str) -> Ask:
    from http2_client import Http2Client

    client = Http2Client(base_url)

    def ask() -> Answer:
        reply = client.get(path)
        return reply.status, reply.body.decode(), reply.header("x-origin-http-version")

    return ask


def _fast_http(base_url: str, path: str) -> Ask:
    import gevent.ssl
    from geventhttpclient.useragent import UserAgent

    # What FastHttpUser sends requests with, without Locust around it.
    agent: Any = UserAgent(insecure=True, ssl_context_factory=gevent.ssl._create_unverified_context)

    def ask() -> Answer:
        response = agent.urlopen(base_url + path)
        return response.status_code, response.content.decode(), response.headers.get("x-origin-http-version")

    return ask


def _h2(base_url: str, path: str) -> Ask:
    return _H2Connection(base_url, path).ask


def _httpx(base_url: str, path: str) -> Ask:
    import httpx

    return _of_httpx(httpx, base_url + path)


def _httpx2(base_url: str, path: str) -> Ask:
    import httpx2

    return _of_httpx(httpx2, base_url + path)


def _of_httpx(package: Any, url: str) -> Ask:
    client = package.Client(http1=False, http2=True, verify=False, trust_env=False, timeout=60)

    def ask() -> Answer:
        response = client.get(url)
        assert response.http_version == "HTTP/2", response.http_version
        return response.status_code, response.text, response.headers.get("x-origin-http-version")

    return ask


def _niquests(base_url: str, path: str) -> Ask:
    import niquests

    session = niquests.Session(disable_http1=True, disable_http3=True, pool_connections=1, pool_maxsize=1)
    session.verify = False
    session.trust_env = False
    url = base_url + path

    def ask() -> Answer:
        response = session.get(url, timeout=60)
        assert response.http_version == 20, response.http_version
        return response.status_code, response.text, response.headers.get("x-origin-http-version")

    return ask


class _H2Connection:
    """The `h2` package on a gevent socket, with as little around it as possible."""

    def __init__(self, base_url: str, path: str) -> None:
        import gevent
        import h2.connection
        from h2.config import H2Configuration
        from h2.settings import SettingCodes

        parts = urlsplit(base_url)
        self._head = [(":method", "GET"), (":scheme", parts.scheme), (":authority", parts.netloc), (":path", path)]
        self._socket: Any = gevent.socket.create_connection((parts.hostname, parts.port))
        if parts.scheme == "https":
            context = ssl._create_unverified_context()  # noqa: S323
            context.set_alpn_protocols(["h2"])
            self._socket = context.wrap_socket(self._socket, server_hostname=parts.hostname)
            assert self._socket.selected_alpn_protocol() == "h2"
        self._h2 = h2.connection.H2Connection(H2Configuration(header_encoding="utf-8"))
        self._h2.initiate_connection()
        self._h2.update_settings({SettingCodes.ENABLE_PUSH: 0})
        self._streams: dict[int, tuple[Any, dict[str, str], list[bytes]]] = {}
        self._flush()
        self._reader = gevent.spawn(self._read)

    def ask(self) -> Answer:
        from gevent.event import AsyncResult

        done: Any = AsyncResult()
        stream = self._h2.get_next_available_stream_id()
        self._streams[stream] = (done, {}, [])
        self._h2.send_headers(stream, self._head, end_stream=True)
        self._flush()
        headers, chunks = done.get()
        return int(headers[":status"]), b"".join(chunks).decode(), headers.get("x-origin-http-version")

    def _read(self) -> None:
        from h2 import events

        while data := self._socket.recv(65536):
            for event in self._h2.receive_data(data):
                if isinstance(event, events.ResponseReceived):
                    self._streams[event.stream_id][1].update((str(name), str(value)) for name, value in event.headers)
                elif isinstance(event, events.DataReceived):
                    self._streams[event.stream_id][2].append(event.data)
                    self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, events.StreamEnded):
                    done, headers, chunks = self._streams.pop(event.stream_id)
                    done.set((headers, chunks))
                elif isinstance(event, events.StreamReset | events.ConnectionTerminated):
                    raise SystemExit(f"the server gave up: {event}")
            self._flush()

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._socket.sendall(data)


CANDIDATES = (
    Candidate("geventhttpclient (FastHttpUser)", "http/1.1", _fast_http, streams=False),
    Candidate("libcurl on gevent", "h2", _libcurl, streams=True),
    Candidate("h2 on a gevent socket", "h2", _h2, streams=True),
    Candidate("httpx", "h2", _httpx, streams=True),
    Candidate("httpx2", "h2", _httpx2, streams=True),
    Candidate("niquests", "h2", _niquests, streams=True),
)
