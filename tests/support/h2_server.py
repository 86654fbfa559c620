"""A scripted HTTP/2 server in cleartext: each test decides what happens on a connection."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes, Settings

HEADERS = [(":status", "200"), ("x-origin-http-version", "2")]

OnRequest = Callable[[H2Connection, int], object]


def converse(
    connection: socket.socket,
    on_request: OnRequest,
    *,
    streams: int = 100,
    table: int = 4096,
    paths: list[bytes] | None = None,
) -> None:
    """Call `on_request` with each complete request's stream, until the connection is closed.

    `paths` gets the requests' paths.
    """
    h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    h2.local_settings = Settings(
        client=False,
        initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: streams, SettingCodes.HEADER_TABLE_SIZE: table},
    )
    h2.initiate_connection()
    connection.sendall(h2.data_to_send())
    while received := connection.recv(65536):
        for event in h2.receive_data(received):
            if isinstance(event, events.RequestReceived) and paths is not None:
                paths += [str(value).encode() for name, value in event.headers or () if name == ":path"]
            if isinstance(event, events.StreamEnded):
                on_request(h2, event.stream_id)
        connection.sendall(h2.data_to_send())
        if h2.state_machine.state.name == "CLOSED":
            return


def answer_together(connection: socket.socket, context: ssl.SSLContext, count: int) -> None:
    """Over TLS: wait for `count` requests, then send all responses at once, each in its own TLS record."""
    received, sending = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(received, sending, server_side=True)
    h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    h2.initiate_connection()
    _feed(connection, received, sending, tls.do_handshake)
    tls.write(h2.data_to_send())
    connection.sendall(sending.read())
    asked: list[int] = []
    while True:
        for event in h2.receive_data(_feed(connection, received, sending, lambda: tls.read(65536)) or b""):
            if isinstance(event, events.StreamEnded):
                asked.append(event.stream_id)
        if len(asked) == count:
            for stream in asked:
                answer(h2, stream)
                tls.write(h2.data_to_send())
            asked.clear()
        elif pending := h2.data_to_send():
            tls.write(pending)
        connection.sendall(sending.read())


def _feed(
    connection: socket.socket, received: ssl.MemoryBIO, sending: ssl.MemoryBIO, act: Callable[[], bytes | None]
) -> bytes | None:
    """What `act` returns, once it has received enough. Raises OSError when the client has disconnected."""
    while True:
        try:
            return act()
        except ssl.SSLWantReadError:
            connection.sendall(sending.read())
            arrived = connection.recv(65536)
            if not arrived:
                raise ConnectionResetError from None
            received.write(arrived)


def answer(h2: H2Connection, stream: int, body: bytes = b"spam") -> None:
    """A whole response."""
    h2.send_headers(stream, HEADERS)
    h2.send_data(stream, body, end_stream=True)
