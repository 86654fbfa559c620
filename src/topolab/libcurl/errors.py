"""The words for libcurl's errors. Results store them, so none of them may change."""

from __future__ import annotations

import errno
from typing import NamedTuple

import pycurl

from topolab.model.contract import TIMED_OUT

# Codes that pycurl has no names for.
_HTTP2_STREAM, _HTTP3, _QUIC_CONNECT_ERROR = 92, 95, 96


class _Words(NamedTuple):
    name: str  # in results of topolab's own driver
    phrase: str  # in results of Locust's users; empty where libcurl's own message is used


_WORDS = {
    pycurl.E_OPERATION_TIMEDOUT: _Words(TIMED_OUT, TIMED_OUT),
    pycurl.E_COULDNT_RESOLVE_HOST: _Words("other: COULDNT_RESOLVE_HOST", "no such host"),
    pycurl.E_COULDNT_CONNECT: _Words("other: COULDNT_CONNECT", "connection refused"),
    pycurl.E_SEND_ERROR: _Words("reset", "connection lost"),
    pycurl.E_RECV_ERROR: _Words("reset", "connection lost"),
    pycurl.E_GOT_NOTHING: _Words("closed early", "connection closed before the response"),
    pycurl.E_PARTIAL_FILE: _Words("closed early", "connection closed within the response"),
    pycurl.E_HTTP2: _Words("other: HTTP2", "no HTTP/2, or broken"),
    _HTTP2_STREAM: _Words("reset", "stream reset"),
    _HTTP3: _Words("other: HTTP3", ""),
    _QUIC_CONNECT_ERROR: _Words("other: QUIC_CONNECT_ERROR", ""),
    pycurl.E_SSL_CONNECT_ERROR: _Words("tls", "TLS handshake failed"),
    pycurl.E_PEER_FAILED_VERIFICATION: _Words("tls", "certificate not trusted"),
    pycurl.E_SSL_CACERT_BADFILE: _Words("tls", ""),
    pycurl.E_SSL_CERTPROBLEM: _Words("tls", ""),
    pycurl.E_SSL_CIPHER: _Words("tls", ""),
    pycurl.E_SSL_SHUTDOWN_FAILED: _Words("tls", ""),
}
_PYCURL_NAMES: dict[int, str] = {
    code: name.removeprefix("E_")
    for name, code in vars(pycurl).items()
    if name.startswith("E_") and not name.startswith(("E_MULTI", "E_FTP"))  # those reuse others' codes
}


def error_name(code: int, os_error: int, message: str) -> str:
    """The short name of error `code`; `os_error` is the errno behind it (0 if unknown), `message` libcurl's text."""
    if code == pycurl.E_COULDNT_CONNECT and os_error in (0, errno.ECONNREFUSED):
        return "refused"
    if code == pycurl.E_SEND_ERROR and message.startswith("Failed to connect"):
        # A UDP port without a listener; only the text differs from a broken connection's.
        return "refused"
    if os_error == errno.ECONNRESET:
        return "reset"
    words = _WORDS.get(code)
    return words.name if words else f"other: {_PYCURL_NAMES.get(code, code)}"


def error_phrase(code: int, os_error: int, message: str) -> str:
    """The error in a few words, from the arguments of `error_name`. Locust groups failures by this text."""
    if code == pycurl.E_COULDNT_CONNECT and os_error not in (0, errno.ECONNREFUSED):
        return f"cannot connect: {errno.errorcode.get(os_error, os_error)}"
    words = _WORDS.get(code)
    return words.phrase if words and words.phrase else f"libcurl's error {code}: {message}"


def error_message(error: pycurl.error) -> str:
    """What libcurl says about an error of `perform`, for a person to read."""
    code, message = error.args
    return str(message) or f"libcurl error {code}"
