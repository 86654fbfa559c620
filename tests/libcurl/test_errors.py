"""The words for libcurl's errors, which stored results hold."""

from __future__ import annotations

import errno

import pycurl
import pytest

from topolab.libcurl.errors import error_message, error_name, error_phrase

BROKEN = "OpenSSL SSL_read: SSL_ERROR_SYSCALL, errno 0"
NOBODY = "Failed to connect to edge.topolab.test:1 after 0 ms: Failed"


@pytest.mark.parametrize(
    ("code", "os_error", "message", "name", "phrase"),
    [
        (pycurl.E_COULDNT_CONNECT, errno.ECONNREFUSED, "", "refused", "connection refused"),
        (pycurl.E_COULDNT_CONNECT, 0, "", "refused", "connection refused"),
        (
            *(pycurl.E_COULDNT_CONNECT, errno.EADDRNOTAVAIL, ""),
            *("other: COULDNT_CONNECT", "cannot connect: EADDRNOTAVAIL"),
        ),
        (pycurl.E_COULDNT_CONNECT, 9999, "", "other: COULDNT_CONNECT", "cannot connect: 9999"),
        (pycurl.E_COULDNT_RESOLVE_HOST, 0, "", "other: COULDNT_RESOLVE_HOST", "no such host"),
        (pycurl.E_SEND_ERROR, 0, NOBODY, "refused", "connection lost"),
        (pycurl.E_SEND_ERROR, 0, BROKEN, "reset", "connection lost"),
        (pycurl.E_RECV_ERROR, 0, "", "reset", "connection lost"),
        (pycurl.E_GOT_NOTHING, 0, "", "closed early", "connection closed before the response"),
        (pycurl.E_PARTIAL_FILE, 0, "", "closed early", "connection closed within the response"),
        (pycurl.E_SSL_CONNECT_ERROR, 0, "", "tls", "TLS handshake failed"),
        (pycurl.E_SSL_CONNECT_ERROR, errno.ECONNRESET, "", "reset", "TLS handshake failed"),
        (pycurl.E_PEER_FAILED_VERIFICATION, 0, "", "tls", "certificate not trusted"),
        (pycurl.E_SSL_CIPHER, 0, "no cipher", "tls", f"libcurl's error {pycurl.E_SSL_CIPHER}: no cipher"),
        (pycurl.E_OPERATION_TIMEDOUT, 0, "", "timed out", "timed out"),
        (pycurl.E_HTTP2, 0, "", "other: HTTP2", "no HTTP/2, or broken"),
        (92, 0, "", "reset", "stream reset"),
        (95, 0, "lost", "other: HTTP3", "libcurl's error 95: lost"),
        (96, 0, "lost", "other: QUIC_CONNECT_ERROR", "libcurl's error 96: lost"),
        (pycurl.E_READ_ERROR, 0, "lost", "other: READ_ERROR", f"libcurl's error {pycurl.E_READ_ERROR}: lost"),
        (12345, 0, "lost", "other: 12345", "libcurl's error 12345: lost"),
    ],
)
def test_an_error_has_a_short_name_and_a_phrase(code: int, os_error: int, message: str, name: str, phrase: str) -> None:
    assert (error_name(code, os_error, message), error_phrase(code, os_error, message)) == (name, phrase)


def test_a_message_is_libcurls_own_where_it_has_one() -> None:
    assert error_message(pycurl.error(52, "Empty reply from server")) == "Empty reply from server"
    assert error_message(pycurl.error(52, "")) == "libcurl error 52"
