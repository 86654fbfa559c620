"""A small HTTP server with the fault that its first argument names."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time

_BODY = b'{"text":"spam, egg, spam and spam!, topolab!"}'
_DIES_AFTER = 500
_STARTS_FOR_S = 3.0


class Faulty:
    """Answers correctly apart from its fault, with one thread per connection."""

    def __init__(self, fault: str, port: int) -> None:
        self.fault = fault
        self.answered = 0
        self.began = time.monotonic()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)

    def serve(self) -> None:
        """Accept connections forever."""
        while True:
            connection, peer = self.listener.accept()
            threading.Thread(target=self.converse, args=(connection, peer[1]), daemon=True).start()

    def converse(self, connection: socket.socket, peer: int) -> None:
        """Answer each request of a connection; requests have no body and come one at a time."""
        unread = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in unread:
                    received = connection.recv(65536)
                    if not received:
                        return
                    unread += received
                head, _, unread = unread.partition(b"\r\n\r\n")
                connection.sendall(self.answer(head.split(b" ")[1], peer))

    def answer(self, path: bytes, peer: int) -> bytes:
        """The response to one request."""
        self.answered += 1
        if self.fault == "dies" and self.answered > _DIES_AFTER:
            print("the faulty server is about to die", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        status, body = "200 OK", b"ok" if path == b"/healthz" else _BODY
        if self.fault == "wrong-status" and path != b"/healthz":
            status = "503 Service Unavailable"
        starting = self.fault == "starting" and time.monotonic() < self.began + _STARTS_FOR_S
        if path == b"/healthz" and (starting or self.fault == "unwell"):
            status = "503 Service Unavailable"
        if self.fault == "slow-wrong" and path.startswith(b"/message"):
            status = "404 Not Found"
        if self.fault == "wrong-body":
            body = body.replace(b"spam", b"SPAM")
        origin = "" if self.fault == "no-origin" else f"x-origin-http-version: 1.1\r\nx-origin-peer: {peer}\r\n"
        return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{origin}\r\n".encode() + body


if __name__ == "__main__":
    fault, port = sys.argv[1], int(sys.argv[2])
    if fault == "wont-start":
        sys.exit("the faulty server finds no spam")
    if fault == "late":
        time.sleep(_STARTS_FOR_S)  # like an app that takes long to import
    server = Faulty(fault, port)
    if fault == "daemon":  # like gunicorn --daemon; the process that was started ends first
        if os.fork():
            os._exit(0)
        os.setsid()
        if os.fork():
            os._exit(0)
    server.serve()
