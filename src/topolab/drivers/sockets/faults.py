"""The words for what can go wrong with a request besides a wrong answer. Results store them, so none may change.

Those that libcurl has too are spelled as in `topolab.libcurl.errors`; the tests of the loops compare both clients.
"""

from __future__ import annotations

REFUSED = "refused"
RESET = "reset"
CLOSED_EARLY = "closed early"
TLS = "tls"
BROKEN = "broken answer"
"""The bytes are no HTTP response."""
UNASKED = "answer without a request"
SURPLUS = "more than the answer"
"""Bytes that follow a complete answer."""


def other_protocol(chosen: str) -> str:
    """The fault of a connection on which the server chose another protocol than the load is for."""
    return f"ALPN chose {chosen}"
