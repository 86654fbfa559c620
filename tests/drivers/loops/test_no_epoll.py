"""The clients work on systems without epoll."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.driver_stage import BODY, SEEN, free_port, nginx
from topolab.drivers.curl import multi
from topolab.drivers.curl.loads import CurlClient
from topolab.drivers.loops.closed import run_closed
from topolab.drivers.loops.ids import Ids
from topolab.drivers.loops.jobs import Client
from topolab.drivers.loops.poller import new_poller
from topolab.drivers.sockets import pool as sockets_pool
from topolab.drivers.sockets.loads import SocketsClient
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target


@pytest.mark.parametrize("protocol", [ClientProtocol.H1C, ClientProtocol.H2C])
@pytest.mark.parametrize("driver", ["curl", "sockets"])
def test_the_loop_needs_no_epoll(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, driver: str, protocol: ClientProtocol
) -> None:
    for module in (multi, sockets_pool):
        monkeypatch.setattr(module, "new_poller", lambda: new_poller(epoll=False))
    client: Client[Any] = CurlClient() if driver == "curl" else SocketsClient(protocol.protocol)
    lanes = Lanes(4) if protocol is ClientProtocol.H1C else Lanes(2, 5)
    port, ids = free_port(), Ids()
    tally = client.tally(BODY, ids)
    place = f"location / {{ {SEEN} return 200 '{BODY}'; }}"
    with (
        nginx(tmp_path, f"server {{ listen 127.0.0.1:{port} ; http2 on; {place} }}"),
        closing(client.pool(Target("127.0.0.1", port, protocol), "/query?id=X", ids, lanes, 10.0, exact=False)) as pool,
    ):
        run_closed(pool, tally, duration_s=0.2, timeout_s=10.0)

    assert len(tally.good_at) > 20 * lanes.connections
    assert (tally.bad, len(tally.seen().connections)) == ({}, lanes.connections)
