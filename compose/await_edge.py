#!/usr/bin/python3 -I
"""await_edge.py URL: wait up to a minute until something accepts connections at the URL's host and port.

For a Locust master started by hand. It starts when the server is healthy, but a proxy in front may need longer.
"""

from __future__ import annotations

import socket
import sys
import time
from urllib.parse import urlsplit

LIMIT_S = 60.0
ATTEMPT_S = 2.0
WAIT_S = 0.25
PORTS = {"http": 80, "https": 443}


def main(url: str) -> str:
    """Return why nothing accepts connections there; empty once something does."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        return f"{url}: expected a URL such as https://proxy:8443"
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            socket.create_connection((parts.hostname, parts.port or PORTS[parts.scheme]), ATTEMPT_S).close()
        except OSError as error:
            if time.monotonic() > deadline:
                return f"{url}: {error}"
            time.sleep(WAIT_S)
        else:
            return ""


if __name__ == "__main__":
    trouble = main(*sys.argv[1:])
    if trouble:
        sys.exit(f"await_edge.py: {trouble}")
