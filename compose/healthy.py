#!/usr/bin/python3 -I
"""healthy.py LISTENER PORT [PATH]: check that the app answers there, and follow work it hands over to its result.

An empty LISTENER is detected as TLS or cleartext. LISTENER `edge` checks only that a TLS handshake succeeds: a proxy
may speak only HTTP/2, and it waits for its server, which has its own check. Only for stacks started by hand: a run
checks from outside.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import sys
import time

TIMEOUT_S = 2.0
QUESTIONS = 8  # per probe; the next probe starts over
WAIT_S = 0.25
HOST = "127.0.0.1"


def trusting() -> ssl.SSLContext:
    """Return a TLS client context that accepts any certificate: the container made its own."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def shakes_hands(port: int) -> str:
    """Return why no TLS handshake succeeds at the port; empty if one does."""
    with socket.create_connection((HOST, port), TIMEOUT_S) as plain, trusting().wrap_socket(plain):
        return ""


def transport_at(port: int) -> str:
    """Return the transport that the topology chose for the port: TLS if a handshake succeeds, else cleartext."""
    try:
        shakes_hands(port)
    except (ssl.SSLError, ConnectionError, TimeoutError):
        return "cleartext"
    return "tls"


def answers(listener: str, port: int, path: str) -> str:
    """Return why the app's answer is not good; empty if it is."""
    said = "with nothing"
    for _ in range(QUESTIONS):
        connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)
        if listener != "cleartext":
            context = trusting()
            context.set_alpn_protocols(["http/1.1"])
            connection = http.client.HTTPSConnection(HOST, port, timeout=TIMEOUT_S, context=context)
        connection.request("GET", path)
        response = connection.getresponse()
        location = response.getheader("location")
        connection.close()
        said = f"with status {response.status}"
        if response.status == http.HTTPStatus.OK:
            return ""
        if response.status != http.HTTPStatus.ACCEPTED or not location:
            break
        path = location
        time.sleep(WAIT_S)
    return f"{path} was answered {said}"


def main(listener: str, port: str, path: str = "/healthz") -> str:
    """Return why the container is not healthy; empty if it is."""
    try:
        if listener == "edge":
            return shakes_hands(int(port))
        return answers(listener or transport_at(int(port)), int(port), path)
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    trouble = main(*sys.argv[1:])
    if trouble:
        print(trouble)
        sys.exit(1)
