"""A load of the driver on plain sockets, made inside the test's process."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass

from topolab.drivers.loops.ids import Ids
from topolab.drivers.loops.page import run_page
from topolab.drivers.sockets.loads import SocketsClient
from topolab.drivers.sockets.tally import Tally
from topolab.model.profile import Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target

ONE = Lanes(1)


@dataclass(frozen=True)
class Came:
    """What a load's requests came to, and what came without any."""

    good: int
    bad: dict[str, int]
    strays: dict[str, int]
    connections: int
    tally: Tally


def ask(
    port: int,
    requests: int,
    *,
    protocol: ClientProtocol = ClientProtocol.H1C,
    lanes: Lanes = ONE,
    path: str = "/query?id=X",
    body: str = "spam",
    timeout_s: float = 5.0,
) -> Came:
    """Send some requests, each as soon as there is an exchange for it, and wait for all of them."""
    client, ids = SocketsClient(protocol.protocol), Ids()
    tally = client.tally(body, ids)
    target = Target("127.0.0.1", port, protocol)
    with closing(client.pool(target, path, ids, lanes, timeout_s, exact=False)) as pool:
        run_page(pool, tally, requests=requests, timeout_s=timeout_s)
        strays: Counter[str] = pool.strays
    seen = tally.seen()
    return Came(len(tally.good_at), dict(tally.bad), dict(strays), len(seen.connections), tally)
