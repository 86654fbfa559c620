"""Opens a TCP connection without waiting: connect, TLS handshake and ALPN, one step for each readiness."""

from __future__ import annotations

import errno
import os
import socket
import ssl

from topolab.drivers.loops.poller import READ, WRITE
from topolab.drivers.sockets.faults import REFUSED, RESET, TLS
from topolab.model.protocol import Protocol
from topolab.model.target import Target

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
"""One that people use, so that a server treats a load as it treats them."""
ACCEPT = "*/*"
BLOCKED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class WireError(Exception):
    """A connection that could not be opened; the text is a fault in a few words."""


def tls_context(target: Target) -> ssl.SSLContext | None:
    """TLS 1.3 alone, with the target's authority and the ALPN offer of its client; None in cleartext."""
    if not target.client_protocol.transport.encrypted:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if target.ca_file is not None:
        context.load_verify_locations(os.fspath(target.ca_file))
    context.set_alpn_protocols(_offer(target))
    return context


def _offer(target: Target) -> list[str]:
    if target.client_protocol.protocol is Protocol.H2:
        return ["h2"] if target.h2_alone else ["h2", "http/1.1"]
    return ["http/1.1"]


class Wire:
    """One TCP connection. `proceed` opens it step by step; `protocol` is what ALPN chose then."""

    def __init__(self, target: Target, context: ssl.SSLContext | None) -> None:
        family = socket.AF_INET6 if ":" in target.host else socket.AF_INET
        self._address = (target.host, target.port)
        self._name = target.name
        self._context = context
        self._assumed = target.client_protocol.protocol
        self._connected = False
        self.protocol = ""
        self.socket: socket.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def proceed(self) -> int:
        """Do the next step; return the readiness to wait for, 0 if the connection is open. Raises `WireError`."""
        try:
            if not self._connected:
                code = self.socket.connect_ex(self._address)
                if code in (errno.EINPROGRESS, errno.EALREADY):
                    return WRITE
                if code not in (0, errno.EISCONN):
                    raise OSError(code, os.strerror(code))
                self._connected = True
                if self._context is not None:
                    self.socket = self._context.wrap_socket(
                        self.socket, server_hostname=self._name, do_handshake_on_connect=False
                    )
            if self._context is None:
                self.protocol = self._assumed.value
                return 0
            assert isinstance(self.socket, ssl.SSLSocket)
            self.socket.do_handshake()
            self.protocol = self.socket.selected_alpn_protocol() or Protocol.HTTP1.value
        except ssl.SSLWantReadError:
            return READ
        except ssl.SSLWantWriteError:
            return WRITE
        except ssl.SSLError as error:
            raise WireError(TLS) from error
        except ConnectionRefusedError as error:
            raise WireError(REFUSED) from error
        except ConnectionError as error:
            raise WireError(RESET) from error
        except OSError as error:
            raise WireError(f"other: {errno.errorcode.get(error.errno or 0, error.errno)}") from error
        return 0
