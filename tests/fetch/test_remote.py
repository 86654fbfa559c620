"""A fetch in another place has the answers and errors of a local one; the loss of its process is an error too."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from support.driver_stage import free_port, scripted
from topolab.fetch import FetchError, Response, fetch
from topolab.fetch.remote import RemoteFetcher, serve
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target, Workplace
from topolab.process.group import ProcessKeeper
from topolab.process.usage import members

TIMEOUT_S = 10.0
BODY = bytes(range(256)) + "œufs".encode()


def answer_each(connection: socket.socket) -> None:
    """Answer with the path in a header and bytes that are no text; close for /close, say nothing for /silence."""
    request = b""
    while b"\r\n\r\n" not in request:
        if not (received := connection.recv(65_536)):
            return
        request += received
    path = request.split()[1]
    if path == b"/close":
        return
    if path == b"/silence":
        connection.recv(1)  # until the client gives up
        return
    head = b"HTTP/1.1 203 Spam\r\ncontent-length: %d\r\nX-Path: %s\r\nconnection: close\r\n\r\n" % (len(BODY), path)
    connection.sendall(head + BODY)


@pytest.fixture
def target() -> Iterator[Target]:
    with scripted(answer_each) as port:
        yield Target("127.0.0.1", port, ClientProtocol.H1C)


@pytest.fixture
def keeper() -> Iterator[ProcessKeeper]:
    with ProcessKeeper() as keeper:
        yield keeper


@pytest.fixture
def fetcher(keeper: ProcessKeeper, tmp_path: Path) -> Iterator[RemoteFetcher]:
    """A fetcher whose workplace is this machine."""
    fetcher = RemoteFetcher(keeper, Workplace((), sys.executable, ""), tmp_path / "fetcher.log")
    yield fetcher
    fetcher.close()


def pid_of(fetcher: RemoteFetcher) -> int:
    assert fetcher._talk is not None
    return fetcher._talk.group.pgid


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's interpreter has topolab on its path; here it is this checkout's."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "src"))


def test_a_remote_fetch_returns_the_same_bytes_as_a_local_one(fetcher: RemoteFetcher, target: Target) -> None:
    headers = {"content-length": str(len(BODY)), "x-path": "/spam?id=x", "connection": "close"}
    expected = Response(203, headers, BODY, "http/1.1")
    assert fetch(target, "/spam?id=x", TIMEOUT_S) == expected
    assert fetcher.fetch(target, "/spam?id=x", TIMEOUT_S) == expected


def test_one_process_does_all_fetches(fetcher: RemoteFetcher, target: Target) -> None:
    pids = set()
    for path in ("/a", "/b", "/c"):
        assert fetcher.fetch(target, path, TIMEOUT_S).headers["x-path"] == path
        pids.add(pid_of(fetcher))
    assert len(pids) == 1


@pytest.mark.parametrize("path", ["/close", "/silence"])
def test_a_missing_answer_is_the_error_of_a_local_fetch_and_the_next_fetch_works(
    fetcher: RemoteFetcher, target: Target, path: str
) -> None:
    message = "Empty reply from server" if path == "/close" else "timed out"
    for ask in (fetch, fetcher.fetch):
        with pytest.raises(FetchError, match=message):
            ask(target, path, 0.3 if path == "/silence" else TIMEOUT_S)
    assert fetcher.fetch(target, "/spam", TIMEOUT_S).status == 203


@pytest.mark.parametrize("client", ClientProtocol)
def test_a_port_where_nobody_listens_is_a_fetch_error_that_names_its_address(
    fetcher: RemoteFetcher, client: ClientProtocol
) -> None:
    nobody = Target("127.0.0.1", free_port(), client)
    for ask in (fetch, fetcher.fetch):
        with pytest.raises(FetchError, match=rf"^Failed to connect to 127\.0\.0\.1\D+{nobody.port} after "):
            ask(nobody, "/", TIMEOUT_S)


def test_a_missing_authority_file_is_a_fetch_error_and_the_next_fetch_works(
    fetcher: RemoteFetcher, target: Target, tmp_path: Path
) -> None:
    astray = Target(target.host, target.port, ClientProtocol.H2, ca_file=tmp_path / "none.pem", h2_alone=True)
    with pytest.raises(FetchError, match=r"none\.pem"):
        fetcher.fetch(astray, "/", TIMEOUT_S)
    assert fetcher.fetch(target, "/spam", TIMEOUT_S).status == 203


def test_a_killed_fetcher_is_one_fetch_error_and_the_next_fetch_works(fetcher: RemoteFetcher, target: Target) -> None:
    assert fetcher.fetch(target, "/spam", TIMEOUT_S).status == 203
    killed = fetcher._talk
    assert killed is not None
    killed.group.leader.send_signal(signal.SIGKILL)
    killed.group.leader.wait()
    with pytest.raises(FetchError, match=r"^the fetcher ended by itself: "):
        fetcher.fetch(target, "/spam", TIMEOUT_S)
    assert fetcher.fetch(target, "/spam", TIMEOUT_S).status == 203
    assert pid_of(fetcher) != killed.group.pgid


def test_a_workplace_that_cannot_be_entered_is_a_fetch_error_with_its_reason(
    keeper: ProcessKeeper, target: Target, tmp_path: Path
) -> None:
    closed = ("sh", "-c", "echo 'no such container' >&2; exit 1")
    fetcher = RemoteFetcher(keeper, Workplace(closed, "python", ""), tmp_path / "log")
    for _ in range(2):
        with pytest.raises(FetchError, match=r"^the fetcher ended by itself: no such container"):
            fetcher.fetch(target, "/", TIMEOUT_S)


def test_a_workplace_that_prints_something_else_is_a_fetch_error(
    keeper: ProcessKeeper, target: Target, tmp_path: Path
) -> None:
    closed = ("sh", "-c", "read request; echo 'OCI runtime exec failed'; exit 126")
    fetcher = RemoteFetcher(keeper, Workplace(closed, "python", ""), tmp_path / "log")
    with pytest.raises(FetchError, match="OCI runtime exec failed"):
        fetcher.fetch(target, "/", TIMEOUT_S)


def test_closing_ends_the_process_and_may_be_repeated(fetcher: RemoteFetcher, target: Target) -> None:
    fetcher.fetch(target, "/spam", TIMEOUT_S)
    pid = pid_of(fetcher)
    fetcher.close()
    fetcher.close()
    assert members(pid) == []
    assert fetcher.fetch(target, "/spam", TIMEOUT_S).status == 203


def test_serving_ends_with_its_input() -> None:
    written = StringIO()
    serve(StringIO(""), written)
    assert written.getvalue() == ""
