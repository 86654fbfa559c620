"""Transfers that libcurl's TLS buffers still hold are found without an event.

No server can make libcurl stop reading at will, so here a stand-in for the multi handle does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pycurl

from topolab.libcurl.ended import ended

Batch = tuple[list[str], list[tuple[str, int, str]]]


@dataclass
class Multi:
    """Holds `buffered` responses by socket, one per reading, and queues what has ended in messages of two at most."""

    running: int
    messages: list[str]
    buffered: dict[int, list[str]] = field(default_factory=dict)
    read: list[tuple[int, int]] = field(default_factory=list)

    def info_read(self) -> tuple[int, list[str], list[tuple[str, int, str]]]:
        batch, self.messages = self.messages[:2], self.messages[2:]
        broken = [(name, pycurl.E_RECV_ERROR, "lost") for name in batch if name.startswith("broken")]
        return len(self.messages), [name for name in batch if not name.startswith("broken")], broken

    def socket_action(self, fd: int, ready: int) -> tuple[int, int]:
        self.read.append((fd, ready))
        if waiting := self.buffered.get(fd):
            self.messages.append(waiting.pop(0))
            self.running -= 1
        return 0, self.running


def all_ended(multi: Multi, running: int, sockets: Sequence[int] = (7,)) -> list[Batch]:
    return [(list(complete), list(broken)) for complete, broken in ended(multi, running, sockets)]


def test_a_single_transfer_is_taken_without_another_reading() -> None:
    multi = Multi(running=0, messages=["a"])
    assert (all_ended(multi, 1), multi.read) == ([(["a"], [])], [])


def test_all_messages_are_taken_complete_and_broken_ones() -> None:
    multi = Multi(running=0, messages=["a", "broken b", "c"])
    assert all_ended(multi, 3) == [(["a"], [("broken b", pycurl.E_RECV_ERROR, "lost")]), (["c"], [])]


def test_every_socket_is_read_again_for_as_long_as_that_ends_more() -> None:
    multi = Multi(running=3, messages=["a"], buffered={8: ["b", "c"]})
    assert all_ended(multi, 4, (7, 8)) == [(["a"], []), (["b"], []), (["c"], [])]
    # The last transfer is still under way: no socket had more.
    assert multi.read == [(fd, pycurl.CSELECT_IN) for fd in (7, 8, 7, 8, 7, 8)]


def test_nothing_is_read_where_no_transfer_has_ended() -> None:
    multi = Multi(running=1, messages=[])
    assert (all_ended(multi, 2), multi.read) == ([([], [])], [])


def test_sockets_may_come_and_go_while_transfers_are_taken() -> None:
    multi = Multi(running=1, messages=["a"], buffered={8: ["b"]})
    sockets = {7: "a", 8: "b"}
    taken = []
    for complete, _ in ended(multi, 2, sockets):
        sockets.pop(7, None)
        taken += complete
    assert (taken, multi.read) == (["a", "b"], [(8, pycurl.CSELECT_IN)])
