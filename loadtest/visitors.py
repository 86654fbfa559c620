"""The users: their journeys, and how they send, check and count requests on each protocol."""

from __future__ import annotations

import random
import ssl
import time
from typing import Any

import gevent
import websocket
from gevent.pool import Group
from geventhttpclient.client import HTTPClientPool
from locust import FastHttpUser, User, tag, task
from locust.env import Environment
from locust.exception import CatchResponseError, StopTest

from http2_client import Http2Client, RequestFailed
from recording import recorder
from right_answers import PAGE, PEER_HEADER, VERSION_HEADER, fault, message_body, pattern_bytes
from topolab.model.contract import (
    BODY_DIFFERS,
    CHAT_PATH,
    ECHO_PATH,
    MESSAGES_PATH,
    PAGE_PATH,
    bytes_path,
    message_path,
    query_path,
)
from topolab.model.protocol import Protocol

TIMEOUT_S = 30.0
BROWSER_CONNECTIONS = 6  # a browser's per origin on HTTP/1.1
BROWSER_STREAMS = 100
SCREEN_CALLS = 12
SCREEN_CALL_TAKES_S = 0.05
BYTE_COUNTS = (1024, 64 * 1024, 256 * 1024)
# nginx stops sending a request once its response has begun, so an echo must fit into socket buffers. Seen behind an ALB
# on a container network: 18 of 1,597 bodies of 1 MiB stalled for good, and none of 28,917 bodies of 64 KiB.
UPLOAD_SIZES = (1024, 16 * 1024, 64 * 1024)
CHAT_MESSAGES = 10


def options_of(environment: Environment) -> Any:
    """Locust's options and the locustfile's own."""
    return environment.parsed_options


class Visitor(User):
    """The journeys, on any protocol; a subclass has `ask` for its own."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        if not self.host:
            raise StopTest("--host is missing: name the server to visit, for example --host https://127.0.0.1:8443")

    def wait_time(self) -> float:
        """Half to one and a half times `--think`, in seconds."""
        mean_s: float = options_of(self.environment).think
        return random.uniform(0.5, 1.5) * mean_s  # noqa: S311  no secret

    def ask(self, method: str, path: str, expected: bytes, *, name: str, body: bytes = b"") -> bool:
        """Send one request; return whether the answer was 200 with the `expected` body. Any other counts as failed."""
        raise NotImplementedError

    @tag("browse")
    @task(6)
    def browse(self) -> None:
        """A page, then a few requests one after another."""
        self.ask("GET", PAGE_PATH, PAGE, name=PAGE_PATH)
        for _ in range(random.randint(2, 5)):  # noqa: S311
            self._query()
        count = random.choice(BYTE_COUNTS)  # noqa: S311
        self.ask("GET", bytes_path(count), pattern_bytes(count), name=bytes_path("[n]"))

    @tag("dashboard")
    @task(3)
    def dashboard(self) -> None:
        """Calls that a screen sends together and the app delays; the whole screen is an entry of type SCREEN."""
        began_at, began = time.time(), time.perf_counter()
        calls = Group()
        try:
            started = [calls.spawn(self._call, number) for number in range(SCREEN_CALLS)]
            calls.join(raise_error=True)
        finally:
            calls.kill()
        bad = sum(not call.value for call in started)
        error = CatchResponseError("a call failed") if bad else None
        self._fire("SCREEN", "dashboard", began_at, began, error=error)

    @tag("upload")
    @task(1)
    def upload(self) -> None:
        """A body that must come back unchanged."""
        body = pattern_bytes(random.choice(UPLOAD_SIZES))  # noqa: S311
        self.ask("POST", ECHO_PATH, body, name=ECHO_PATH, body=body)

    def _call(self, number: int) -> bool:
        path = message_path(str(number), SCREEN_CALL_TAKES_S)
        return self.ask("GET", path, message_body(str(number)), name=f"{MESSAGES_PATH}[id]")

    def _query(self) -> None:
        wanted = str(random.randrange(10_000))  # noqa: S311
        self.ask("GET", query_path(wanted), message_body(wanted), name=query_path("[id]"))

    def _fire(
        self, kind: str, name: str, began_at: float, began: float, *, error: Exception | None = None, length: int = 0
    ) -> None:
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=(time.perf_counter() - began) * 1000,
            response_length=length,
            exception=error,
            context={},
            start_time=began_at,
        )


class Http1Visitor(Visitor, FastHttpUser):
    """A user of HTTP/1.1 who also chats, on at most as many connections as a browser opens."""

    network_timeout = TIMEOUT_S
    connection_timeout = TIMEOUT_S
    max_retries = 0

    def __init__(self, environment: Environment) -> None:
        ca_file = options_of(environment).ca_file
        self._tls = http1_tls(ca_file)
        self.insecure = not ca_file
        self.client_pool = CountingPool(
            concurrency=BROWSER_CONNECTIONS,
            insecure=self.insecure,
            ssl_context_factory=lambda cafile=None: self._tls,  # noqa: ARG005  geventhttpclient's signature
            network_timeout=TIMEOUT_S,
            connection_timeout=TIMEOUT_S,
        )
        super().__init__(environment)
        self._base_url = str(self.host)
        agent: Any = self.client.client
        # Redirects are not followed: they are not the answer that was asked for.
        agent.redirect_response_codes = frozenset()
        # `fault` checks the status with everything else.
        agent.valid_response_codes = range(600)

    def ask(self, method: str, path: str, expected: bytes, *, name: str, body: bytes = b"") -> bool:
        """Send it by FastHttpUser's client, on one of this user's connections."""
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/octet-stream"}
        data: Any = body or None  # bytes are allowed, but missing in Locust's annotation
        with self.client.request(method, path, name=name, data=data, headers=headers, catch_response=True) as response:
            if getattr(response, "error", None):
                return False  # FastHttpUser counts it, with the reason
            response_headers: Any = response.headers
            origin_version = response_headers.get(VERSION_HEADER)
            recorder.saw(response._response.version.lower(), origin_version, response_headers.get(PEER_HEADER))
            wrong = fault(response.status_code, response.content, origin_version, expected)
            if wrong:
                response.failure(wrong)
            return not wrong

    # websocket-client, which Locust depends on, uses a blocking socket: under gevent, one waiting greenlet. The
    # blocking client of `websockets` reads in a thread: under gevent, a second greenlet and locks for each connection.
    @tag("chat")
    @task(1)
    def chat(self) -> None:
        """A WebSocket on which each message comes back before the next is sent."""
        began_at, began = time.time(), time.perf_counter()
        try:
            connection = websocket.create_connection(
                f"ws{self._base_url.removeprefix('http')}{CHAT_PATH}",
                timeout=TIMEOUT_S,
                http_no_proxy=["*"],
                sslopt={"context": self._tls},
            )
        except (OSError, websocket.WebSocketException) as error:
            self._fire("WS", f"{CHAT_PATH} connect", began_at, began, error=error)
            return
        try:
            recorder.tally.connections_opened += 1
            handshake: Any = connection.getheaders()
            origin_version = handshake.get(VERSION_HEADER)
            if origin_version:  # some servers drop what an app adds to its handshake
                recorder.saw(Protocol.HTTP1.value, origin_version, handshake.get(PEER_HEADER))
            self._fire("WS", f"{CHAT_PATH} connect", began_at, began)
            for number in range(CHAT_MESSAGES):
                if not self._say(connection, f"spam, egg, spam and spam!, {number}!"):
                    return
        except gevent.GreenletExit:
            # The user may be stopped in the middle of a message, and no server answers a close after half a frame.
            connection.shutdown()
            raise
        finally:
            connection.close(timeout=TIMEOUT_S)

    def _say(self, connection: websocket.WebSocket, text: str) -> bool:
        began_at, began = time.time(), time.perf_counter()
        error: Exception | None = None
        try:
            connection.send(text)
            if connection.recv() != text:
                error = CatchResponseError(BODY_DIFFERS)
        except (OSError, websocket.WebSocketException) as broken:
            error = broken
        self._fire("WS", f"{CHAT_PATH} message", began_at, began, error=error, length=len(text))
        return error is None


class Http2Visitor(Visitor):
    """A user of HTTP/2, with one connection, as a browser has."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.http2 = Http2Client(
            str(self.host),
            timeout_s=TIMEOUT_S,
            streams=BROWSER_STREAMS,
            ca_file=options_of(environment).ca_file or None,
            h2_alone=options_of(environment).h2_alone,
        )

    def on_stop(self) -> None:
        """Close the connection."""
        self.http2.close()

    def ask(self, method: str, path: str, expected: bytes, *, name: str, body: bytes = b"") -> bool:
        """Send it on a stream of this user's connection."""
        began_at, began = time.time(), time.perf_counter()
        error: Exception | None = None
        length = 0
        try:
            reply = self.http2.post(path, body) if method == "POST" else self.http2.get(path)
        except RequestFailed as failed:
            error = failed
        else:
            length = len(reply.body)
            origin_version = reply.header(VERSION_HEADER)
            recorder.saw(reply.protocol, origin_version, reply.header(PEER_HEADER))
            recorder.tally.connections_opened += reply.connections_opened
            wrong = fault(reply.status, reply.body, origin_version, expected)
            error = CatchResponseError(wrong) if wrong else None
        self._fire(method, name, began_at, began, error=error, length=length)
        return error is None


class CountingPool(HTTPClientPool):
    """A pool that counts a user's connections as they are opened."""

    def get_client(self, url: Any) -> Any:
        """The client for the URL's host and port."""
        client: Any = super().get_client(url)
        client._connection_pool.after_connect = _count_connection
        return client


def _count_connection(_socket: Any) -> None:
    recorder.tally.connections_opened += 1


_contexts: dict[str, ssl.SSLContext] = {}


def http1_tls(ca_file: str) -> ssl.SSLContext:
    """The TLS settings that all users of this process share: reading authorities for each would take seconds."""
    if ca_file not in _contexts:
        context = gevent.ssl.create_default_context(cafile=ca_file or None)
        # Some proxies choose the protocol by ALPN.
        context.set_alpn_protocols(["http/1.1"])
        if not ca_file:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        _contexts[ca_file] = context
    return _contexts[ca_file]
