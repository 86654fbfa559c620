"""Short, stable names for the ways a transfer can break."""

from __future__ import annotations

import errno

import pycurl

TIMED_OUT = "timed out"
UNANSWERED = "unanswered"

# Codes that pycurl has no names for.
_HTTP2_STREAM, _HTTP3, _QUIC_CONNECT_ERROR = 92, 95, 96

_NAMES = {
    pycurl.E_OPERATION_TIMEDOUT: TIMED_OUT,
    pycurl.E_SEND_ERROR: "reset",
    pycurl.E_RECV_ERROR: "reset",
    _HTTP2_STREAM: "reset",
    pycurl.E_GOT_NOTHING: "closed early",
    pycurl.E_PARTIAL_FILE: "closed early",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_SSL_CACERT_BADFILE: "tls",
    pycurl.E_SSL_CERTPROBLEM: "tls",
    pycurl.E_SSL_CIPHER: "tls",
    pycurl.E_SSL_SHUTDOWN_FAILED: "tls",
}
_CURL_NAMES: dict[int, str] = {
    code: name.removeprefix("E_")
    for name, code in vars(pycurl).items()
    if name.startswith("E_") and not name.startswith(("E_MULTI", "E_FTP"))  # those reuse others' codes
} | {_HTTP3: "HTTP3", _QUIC_CONNECT_ERROR: "QUIC_CONNECT_ERROR"}


def error_name(code: int, os_error: int, message: str) -> str:
    """The name of libcurl's error `code`; `os_error` is the errno behind it (0 if unknown), `message` its text."""
    if code == pycurl.E_COULDNT_CONNECT and os_error in (0, errno.ECONNREFUSED):
        return "refused"
    if code == pycurl.E_SEND_ERROR and message.startswith("Failed to connect"):
        # How libcurl reports a UDP port where nobody listens; only the text tells it from a broken connection.
        return "refused"
    if os_error == errno.ECONNRESET:
        return "reset"
    return _NAMES.get(code) or f"other: {_CURL_NAMES.get(code, code)}"
