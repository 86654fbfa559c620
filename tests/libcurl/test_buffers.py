"""Responses that wait in libcurl's TLS buffers are read without an event.

No server can make libcurl stop reading at will, so a stand-in for the multi handle does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pycurl

from topolab.libcurl.buffers import take_ended


@dataclass
class Multi:
    """Has `running` transfers and `ended` ones not yet taken, and holds back responses by socket, one per reading."""

    running: int
    ended: list[str]
    held_back: dict[int, list[str]] = field(default_factory=dict)
    sockets: dict[int, str] = field(default_factory=lambda: {7: "watcher"})
    taken: list[str] = field(default_factory=list)
    read: list[tuple[int, int]] = field(default_factory=list)

    def socket_action(self, fd: int, ready: int) -> tuple[int, int]:
        self.read.append((fd, ready))
        if waiting := self.held_back.get(fd):
            self.ended.append(waiting.pop(0))
            self.running -= 1
        return 0, self.running

    def take(self) -> int:
        self.taken += self.ended
        self.ended.clear()
        return self.running


def run(multi: Multi) -> list[str]:
    """What is taken after an event that has ended transfers."""
    take_ended(multi, multi.running + len(multi.ended), multi.sockets, multi.take)
    return multi.taken


def test_the_last_transfer_is_taken_without_another_reading() -> None:
    multi = Multi(running=0, ended=["a"])
    assert (run(multi), multi.read) == (["a"], [])


def test_every_socket_is_read_again_for_as_long_as_that_ends_more() -> None:
    multi = Multi(running=3, ended=["a"], held_back={8: ["b", "c"]}, sockets={7: "", 8: ""})
    assert (run(multi), multi.running) == (["a", "b", "c"], 1)
    assert multi.read == [(fd, pycurl.CSELECT_IN) for fd in (7, 8, 7, 8, 7, 8)]


def test_reading_stops_with_the_last_transfer() -> None:
    multi = Multi(running=1, ended=["a"], held_back={7: ["b"]})
    assert (run(multi), multi.read) == (["a", "b"], [(7, pycurl.CSELECT_IN)])


def test_nothing_is_read_where_no_transfer_has_ended() -> None:
    multi = Multi(running=2, ended=[])
    assert (run(multi), multi.read) == ([], [])


def test_sockets_may_go_while_they_are_read() -> None:
    multi = Multi(running=2, ended=["a"], sockets={7: "", 8: ""})
    action = multi.socket_action

    def closing(fd: int, ready: int) -> tuple[int, int]:
        multi.sockets.pop(fd)
        return action(fd, ready)

    multi.socket_action = closing  # type: ignore[method-assign]
    assert (run(multi), [fd for fd, _ in multi.read], multi.sockets) == (["a"], [7, 8], {})
