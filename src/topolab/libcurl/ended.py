"""The transfers of a multi handle that have ended, including those whose bytes libcurl leaves in its TLS buffers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import pycurl


def ended(multi: Any, running: int, sockets: Collection[int]) -> Iterator[tuple[list[Any], list[tuple[Any, int, str]]]]:
    """Yield easy handles in batches: the complete ones, and the broken ones with libcurl's error code and message.

    Call this when `socket_action` reports fewer than the `running` transfers that were under way. The caller removes
    what it is given from `multi`, which may change `sockets`.

    Where a stream ends, libcurl (8.23) may stop reading although its TLS buffers hold more of the connection's bytes,
    and no event reports these. Seen: one of 6,000 pages of 24 streams stalled until its timeout, and some requests
    in one of 2,000 Locust screens. So every socket is read again for as long as that ends more transfers.
    """
    left = running
    while True:
        more = 1
        while more:
            more, complete, broken = multi.info_read()
            left -= len(complete) + len(broken)
            yield complete, broken
        if not 0 < left < running:
            return
        running = left
        if not any(multi.socket_action(fd, pycurl.CSELECT_IN)[1] < running for fd in tuple(sockets)):
            return
