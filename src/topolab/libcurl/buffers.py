"""The rule for responses that libcurl leaves in its TLS buffers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pycurl


def take_ended(multi: Any, running: int, sockets: Collection[int], take: Callable[[], int]) -> None:
    """Take every transfer that has ended, including those whose responses wait in libcurl's TLS buffers.

    Call this when `socket_action` reports fewer transfers than the `running` ones. `take` removes those that
    `info_read` returns and says how many are left; `sockets`, which it may change, are those that libcurl uses.

    Where a stream ends, libcurl (8.23) may stop reading although its TLS buffers hold more of the connection's bytes,
    and no event reports these. Seen: one of 6,000 pages of 24 streams stalled until its timeout, and some requests
    in one of 2,000 Locust screens. So every socket is read again for as long as that ends more transfers.
    """
    left = take()
    while 0 < left < running:
        running = left
        for fd in tuple(sockets):
            if multi.socket_action(fd, pycurl.CSELECT_IN)[1] < running:
                break
        else:
            return
        left = take()
