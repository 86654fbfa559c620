"""HTTP/2 for Locust users: libcurl's multi interface on gevent's own event loop.

A client is one user's browser: at most one connection, whose streams are the requests of several greenlets. Over https
the connection must negotiate h2 by ALPN; over http it starts with prior knowledge (h2c). libcurl does the flow control,
keeps to the server's limit of streams, and repeats a request on a new connection if the server says that it did not
process it (GOAWAY, REFUSED_STREAM). Any other error is a `RequestFailed`.

benchmarks/locust_clients.py shows why it is libcurl: clients written in Python take 3 to 14 times its processor time
for a request, and FastHttpUser's client on HTTP/1.1 takes 1.6 times.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

import gevent
import pycurl
from gevent.hub import Waiter

from topolab.libcurl.buffers import take_ended
from topolab.libcurl.errors import error_phrase
from topolab.libcurl.handles import new_easy, new_multi
from topolab.libcurl.versions import requested_version, spoken_protocol
from topolab.model.protocol import ClientProtocol, Protocol

# libev numbers its events as libcurl does: its READ is also POLL_IN and CSELECT_IN.
_READ_OR_WRITE = pycurl.CSELECT_IN | pycurl.CSELECT_OUT


class RequestFailed(Exception):
    """A request without a complete response. Its text is short and never varies: Locust groups failures by it."""


class Reply(NamedTuple):
    """A complete response."""

    status: int
    protocol: str  # as negotiated or spoken: "h2", "http/1.1"
    body: bytes
    header_lines: list[bytes]  # of the final response, the status line first
    connections_opened: int  # for this request; 0 if a connection was open already

    def header(self, name: str) -> str | None:
        """The first header with this lower-case name; None if there is none."""
        prefix = name.encode() + b":"
        for line in self.header_lines:
            if line[: len(prefix)].lower() == prefix:
                return line[len(prefix) :].strip().decode("latin-1")
        return None


class Http2Client:
    """One HTTP/2 connection to `base_url`, opened when needed and again after the server has closed it.

    All calls come from greenlets of the thread that made it. `streams` is the most requests under way at once; the
    server's SETTINGS may allow fewer. Without `ca_file`, certificates are not checked. With `h2_alone`, h2 is offered
    without http/1.1.
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
            raise ValueError(f"{base_url!r} is not an http:// or https:// URL")
        self._base_url = base_url.rstrip("/")
        protocol = ClientProtocol.H2 if parts.scheme == "https" else ClientProtocol.H2C
        self._http_version = requested_version(protocol, h2_alone=h2_alone)
        self._timeout_s = timeout_s
        self._ca_file = ca_file or None
        self._idle: list[_Transfer] = []
        self._under_way: dict[Any, _Transfer] = {}
        self._loop = gevent.get_hub().loop
        self._timer = self._loop.timer(0)
        self._watchers: dict[int, Any] = {}
        self._multi = new_multi(streams)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket_wanted)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer_wanted)

    def get(self, path: str) -> Reply:
        """GET `path`. Raises RequestFailed if no complete response comes or the server speaks another protocol."""
        return self._request(path, None)

    def post(self, path: str, body: bytes) -> Reply:
        """POST `body` to `path` as octets. Raises as `get` does."""
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
            # The transfer is still under way if the user is being stopped.
            self._give_up(transfer)
            self._idle.append(transfer)

    def _new_easy(self) -> Any:
        headers = ("content-type: application/octet-stream",)
        easy = new_easy(self._http_version, self._timeout_s, headers=headers, ca_file=self._ca_file)
        if self._ca_file is None:
            easy.setopt(pycurl.SSL_VERIFYPEER, 0)
            easy.setopt(pycurl.SSL_VERIFYHOST, 0)
        return easy

    def _reply(self, transfer: _Transfer) -> Reply:
        easy = transfer.easy
        protocol = spoken_protocol(easy)
        if protocol != Protocol.H2:
            raise RequestFailed(f"the server speaks {protocol}, not h2")
        return Reply(
            easy.getinfo(pycurl.RESPONSE_CODE),
            protocol,
            b"".join(transfer.chunks),
            transfer.lines,
            easy.getinfo(pycurl.NUM_CONNECTS),
        )

    def _act(self, fd: int, ready: int) -> None:
        """Let libcurl do what is due, and finish the transfers that have ended."""
        # This runs in gevent's hub, which would only print an error, so it goes to every waiting request.
        try:
            if self._multi.socket_action(fd, ready)[1] < len(self._under_way):
                take_ended(self._multi, len(self._under_way), self._watchers, self._take)
        except pycurl.error as error:
            for transfer in list(self._under_way.values()):
                self._finish(transfer, f"libcurl: {error}")

    def _take(self) -> int:
        more = 1
        while more:
            more, complete, broken = self._multi.info_read()
            for easy in complete:
                self._finish(self._under_way[easy], "")
            for easy, code, message in broken:
                self._finish(self._under_way[easy], error_phrase(code, easy.getinfo(pycurl.OS_ERRNO), message))
        return len(self._under_way)

    def _finish(self, transfer: _Transfer, error: str) -> None:
        self._give_up(transfer)
        # Later, because this may run in another user's greenlet.
        self._loop.run_callback(transfer.waiter.switch, error)

    def _give_up(self, transfer: _Transfer) -> None:
        if self._under_way.pop(transfer.easy, None) is not None:
            self._multi.remove_handle(transfer.easy)

    def _on_timer_wanted(self, after_ms: int) -> None:
        # libcurl must not be called from its own callback, even for a timer of 0 ms.
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
        self._act(fd, ready & _READ_OR_WRITE)


class _Transfer:
    """An easy handle, reused for one request after another, and what the current one has received."""

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
