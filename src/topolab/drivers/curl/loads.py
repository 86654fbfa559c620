"""The client that is libcurl."""

from __future__ import annotations

from topolab.drivers.curl.multi import Exchange, Pool
from topolab.drivers.curl.responses import Tally
from topolab.drivers.loops.ids import Ids
from topolab.drivers.loops.jobs import Client
from topolab.model.profile import Lanes
from topolab.model.target import Target


class CurlClient(Client[Exchange]):
    """Makes loads with libcurl."""

    name = "libcurl"

    def pool(self, target: Target, path: str, ids: Ids, lanes: Lanes, timeout_s: float, *, exact: bool) -> Pool:
        """Connections of libcurl, one in each multi handle."""
        return Pool(target, path, ids, lanes, timeout_s, exact=exact)

    def tally(self, body: str, ids: Ids) -> Tally:
        """Counts of libcurl's answers."""
        return Tally(body, ids)


do = CurlClient().do
