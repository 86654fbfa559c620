"""Waiting for sockets, with epoll and without it."""

from __future__ import annotations

import os
import socket

import pytest

from topolab.drivers.loops.poller import READ, WRITE, new_poller


@pytest.mark.parametrize("epoll", [pytest.param(True, id="epoll"), pytest.param(False, id="selectors")])
@pytest.mark.parametrize("exact", [True, False])
def test_a_poller_reports_what_is_wanted_and_nothing_else(epoll: bool, exact: bool) -> None:
    if epoll and os.uname().sysname != "Linux":
        pytest.skip("epoll is Linux's")
    poller = new_poller(epoll=epoll)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        fd = ours.fileno()
        assert poller.ready(0, exact=exact) in ([], ())
        poller.watch(fd, READ | WRITE)
        assert list(poller.ready(1, exact=exact)) == [(fd, WRITE)]
        theirs.send(b"spam")
        assert list(poller.ready(1, exact=exact)) == [(fd, READ | WRITE)]
        poller.unwatch(fd)
        assert list(poller.ready(0, exact=exact)) == []
        poller.watch(fd, READ)
        assert list(poller.ready(1, exact=exact)) == [(fd, READ)]
    poller.close()


@pytest.mark.parametrize("epoll", [True, False])
def test_a_poller_does_not_mistake_a_new_socket_for_the_old_one_of_its_number(epoll: bool) -> None:
    if epoll and os.uname().sysname != "Linux":
        pytest.skip("epoll is Linux's")
    poller = new_poller(epoll=epoll)
    ours, theirs = socket.socketpair()
    fd = ours.fileno()
    poller.watch(fd, READ)
    poller.unwatch(fd)
    ours.close()
    theirs.close()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert ours.fileno() == fd
        poller.forget(fd)
        poller.watch(fd, READ)
        theirs.send(b"spam")
        assert list(poller.ready(1, exact=False)) == [(fd, READ)]
    poller.close()
