"""HTTP/2 for Locust users: libcurl's multi interface on gevent's own event loop.

A client is one user's browser: at most one connection, on which requests of several greenlets are streams together.
Over https the connection has to have negotiated h2 by ALPN, over http it starts with prior knowledge (h2c). libcurl
does the flow control, keeps to the server's limit of streams, and sends a request again on a new connection where
the server said that it has not seen it (GOAWAY, REFUSED_STREAM); whatever else goes wrong is a `RequestFailed`.

benchmarks/locust_clients.py is why it is libcurl: the clients written in Python take 3 to 14 times its processor time
for a request, and FastHttpUser's on HTTP/1.1 takes 1.6 times.
"""

from __future__ import annotations

import errno
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import gevent
import pycurl
from gevent.hub import Waiter

_READ, _WRITE = 1, 2  # as libev spells them and libcurl's CURL_POLL_* and CURL_CSELECT_* too
_HTTP2, _HTTP2_STREAM = 16, 92  # CURLE_HTTP2 and CURLE_HTTP2_STREAM; pycurl has no name for the latter
_PROTOCOLS: Final = {
    pycurl.CURL_HTTP_VERSION_1_0: "http/1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "http/1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "h2",
}
_REASONS: Final = {
    pycurl.E_OPERATION_TIMEDOUT: "timed out",
    pycurl.E_COULDNT_RESOLVE_HOST: "no such host",
    pycurl.E_COULDNT_CONNECT: "connection refused",
    pycurl.E_SEND_ERROR: "connection lost",
    pycurl.E_RECV_ERROR: "connection lost",
    pycurl.E_GOT_NOTHING: "connection closed before the response",
    pycurl.E_PARTIAL_FILE: "connection closed within the response",
    pycurl.E_SSL_CONNECT_ERROR: "TLS handshake failed",
    pycurl.E_PEER_FAILED_VERIFICATION: "certificate not trusted",
    _HTTP2: "no HTTP/2, or broken",
    _HTTP2_STREAM: "stream reset",
}


class RequestFailed(Exception):
    """A request that got no whole response. The text is short and the same each time: Locust groups failures by it."""


class Reply(NamedTuple):
    """A whole response."""

    status: int
    protocol: str  # as negotiated or spoken: "h2", "http/1.1"
    body: bytes
    header_lines: list[bytes]  # of the final response, the status line first
    connections_opened: int  # for this request: 0 where the connection was there

    def header(self, name: str) -> str | None:
        """The first header of this lower-case name; None where there is none."""
        prefix = name.encode() + b":"
        for line in self.header_lines:
            if line[: len(prefix)].lower() == prefix:
                return line[len(prefix) :].strip().decode("latin-1")
        return None


class Http2Client:
    """One HTTP/2 connection to `base_url`, opened when it is needed and again when the server closed it.

    Of one event loop: all calls come from greenlets of the thread that made it. `streams` is how many requests it has
    under way at most; the server's SETTINGS may allow fewer. Without `ca_file` no certificate is checked. With
    `h2_alone` no http/1.1 is offered beside h2.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float = 60.0,
        streams: int = 100,
        ca_file: str | None = None,
        h2_alone: bool = False,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{base_url!r} is no http:// or https:// URL")
        self._base_url = base_url.rstrip("/")
        # Over https, prior knowledge makes libcurl (8.10 and later) offer h2 and nothing else.
        self._offers_both = parts.scheme == "https" and not h2_alone
        self._timeout_ms = max(1, round(timeout_s * 1000))
        self._ca_file = ca_file
        self._idle: list[_Transfer] = []
        self._under_way: dict[Any, _Transfer] = {}
        self._loop = gevent.get_hub().loop
        self._timer = self._loop.timer(0)
        self._watchers: dict[int, Any] = {}
        self._multi: Any = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, streams)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket_wanted)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer_wanted)

    def get(self, path: str) -> Reply:
        """GET `path`. Raises RequestFailed where no whole response comes, or the server speaks another protocol."""
        return self._request(path, None)

    def post(self, path: str, body: bytes) -> Reply:
        """POST `body` to `path`, as octets. Raises as `get` does."""
        return self._request(path, body)

    def close(self) -> None:
        """Close the connection; requests under way fail."""
        for transfer in list(self._under_way.values()):
            self._finish(transfer, "client closed")
        # Connections go before the handles that made them: libcurl may still call back through those.
        self._multi.close()
        self._timer.stop()
        self._timer.close()
        for watcher in self._watchers.values():
            watcher.stop()
            watcher.close()
        self._watchers.clear()
        for transfer in self._idle:
            transfer.easy.close()
        self._idle.clear()

    def _request(self, path: str, body: bytes | None) -> Reply:
        transfer = self._idle.pop() if self._idle else _Transfer(self._new_easy())
        try:
            transfer.prepare(self._base_url + path, body)
            self._under_way[transfer.easy] = transfer
            self._multi.add_handle(transfer.easy)
            self._act(pycurl.SOCKET_TIMEOUT, 0)
            error = transfer.waiter.get()
            if error:
                raise RequestFailed(error)
            return self._reply(transfer)
        finally:
            # Still under way where the user is being stopped.
            self._give_up(transfer)
            self._idle.append(transfer)

    def _new_easy(self) -> Any:
        easy = pycurl.Curl()
        easy.setopt(
            pycurl.HTTP_VERSION,
            pycurl.CURL_HTTP_VERSION_2TLS if self._offers_both else pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
        )
        easy.setopt(pycurl.TIMEOUT_MS, self._timeout_ms)
        easy.setopt(pycurl.HTTPHEADER, ["accept: */*", "content-type: application/octet-stream"])
        # Wait for the one connection and its SETTINGS.
        easy.setopt(pycurl.PIPEWAIT, 1)
        easy.setopt(pycurl.PROXY, "")
        easy.setopt(pycurl.NOPROXY, "*")
        easy.setopt(pycurl.NOSIGNAL, 1)
        easy.setopt(pycurl.TCP_NODELAY, 1)
        # An idle connection is the server's to close.
        easy.setopt(pycurl.MAXAGE_CONN, 24 * 3600)
        if self._ca_file:
            easy.setopt(pycurl.CAINFO, self._ca_file)
        else:
            easy.setopt(pycurl.SSL_VERIFYPEER, 0)
            easy.setopt(pycurl.SSL_VERIFYHOST, 0)
        return easy

    def _reply(self, transfer: _Transfer) -> Reply:
        easy = transfer.easy
        version = easy.getinfo(pycurl.INFO_HTTP_VERSION)
        protocol = _PROTOCOLS.get(version, f"libcurl's HTTP version {version}")
        if protocol != "h2":
            raise RequestFailed(f"the server speaks {protocol}, not h2")
        return Reply(
            easy.getinfo(pycurl.RESPONSE_CODE),
            protocol,
            b"".join(transfer.chunks),
            transfer.lines,
            easy.getinfo(pycurl.NUM_CONNECTS),
        )

    def _act(self, fd: int, ready: int) -> None:
        """Let libcurl do what is due, and see to what is finished."""
        waiting = len(self._under_way)
        self._step(fd, ready)
        # Where a stream ends, libcurl (8.23) may stop reading with others' responses already in its TLS buffers, and no
        # event tells of these. Seen: of one in 2,000 screens some requests stood until they timed out; so, of none.
        while 0 < len(self._under_way) < waiting:
            waiting = len(self._under_way)
            for watched in tuple(self._watchers):
                self._step(watched, _READ)

    def _step(self, fd: int, ready: int) -> None:
        # This runs in gevent's hub, which would only print an error: whoever waits has to hear of it.
        try:
            if self._multi.socket_action(fd, ready)[1] < len(self._under_way):
                self._collect()
        except pycurl.error as error:
            for transfer in list(self._under_way.values()):
                self._finish(transfer, f"libcurl: {error}")

    def _collect(self) -> None:
        more = 1
        while more:
            more, complete, broken = self._multi.info_read()
            for easy in complete:
                self._finish(self._under_way[easy], "")
            for easy, code, message in broken:
                self._finish(self._under_way[easy], _reason(code, easy.getinfo(pycurl.OS_ERRNO), message))

    def _finish(self, transfer: _Transfer, error: str) -> None:
        self._give_up(transfer)
        # Not at once: this may be another user's greenlet, whose turn it is.
        self._loop.run_callback(transfer.waiter.switch, error)

    def _give_up(self, transfer: _Transfer) -> None:
        if self._under_way.pop(transfer.easy, None) is not None:
            self._multi.remove_handle(transfer.easy)

    def _on_timer_wanted(self, after_ms: int) -> None:
        # Not even for "at once" may libcurl be called from here.
        self._timer.stop()
        if after_ms >= 0:
            self._timer.close()
            self._timer = self._loop.timer(after_ms / 1000)
            self._timer.start(self._act, pycurl.SOCKET_TIMEOUT, 0)

    def _on_socket_wanted(self, what: int, fd: int, _multi: Any, _data: Any) -> None:
        watcher = self._watchers.pop(fd, None)
        if watcher is not None:
            watcher.stop()
            watcher.close()
        if what != pycurl.POLL_REMOVE:
            watcher = self._watchers[fd] = self._loop.io(fd, what)
            watcher.start(self._on_socket_ready, fd, pass_events=True)

    def _on_socket_ready(self, ready: int, fd: int) -> None:
        self._act(fd, ready & (_READ | _WRITE))


class _Transfer:
    """An easy handle, used again and again, and what its present request has received."""

    __slots__ = ("chunks", "easy", "lines", "waiter")

    def __init__(self, easy: Any) -> None:
        self.easy = easy
        self.lines: list[bytes] = []
        self.chunks: list[bytes] = []
        self.waiter: Any = None

    def prepare(self, url: str, body: bytes | None) -> None:
        self.lines = []
        self.chunks = []
        self.waiter = Waiter()
        easy = self.easy
        easy.setopt(pycurl.URL, url)
        # C functions: libcurl's callbacks run no Python code.
        easy.setopt(pycurl.HEADERFUNCTION, self.lines.append)
        easy.setopt(pycurl.WRITEFUNCTION, self.chunks.append)
        if body is None:
            easy.setopt(pycurl.HTTPGET, 1)
        else:
            easy.setopt(pycurl.POST, 1)
            easy.setopt(pycurl.POSTFIELDS, body)


def _reason(code: int, os_error: int, message: str) -> str:
    if code == pycurl.E_COULDNT_CONNECT and os_error not in (0, errno.ECONNREFUSED):
        return f"cannot connect: {errno.errorcode.get(os_error, os_error)}"
    return _REASONS.get(code) or f"libcurl's error {code}: {message}"
