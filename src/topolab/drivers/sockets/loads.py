"""The client on plain sockets."""

from __future__ import annotations

from topolab.drivers.loops.ids import Ids
from topolab.drivers.loops.jobs import Client
from topolab.drivers.protocol import Job
from topolab.drivers.sockets.http1 import Http1Lane, parse_head
from topolab.drivers.sockets.http2 import Http2Lane, parse_block
from topolab.drivers.sockets.lane import Exchange
from topolab.drivers.sockets.pool import Pool, Speech
from topolab.drivers.sockets.tally import Tally
from topolab.drivers.worker import Gate
from topolab.model.measurement import Measurement
from topolab.model.profile import Lanes
from topolab.model.protocol import Protocol
from topolab.model.target import Target

_SPEECH = {Protocol.HTTP1: Speech(Http1Lane, parse_head), Protocol.H2: Speech(Http2Lane, parse_block)}


class SocketsClient(Client[Exchange]):
    """Makes loads over one protocol."""

    name = "the client on plain sockets"

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def pool(self, target: Target, path: str, ids: Ids, lanes: Lanes, timeout_s: float, *, exact: bool) -> Pool:
        """Connections that open with their first requests."""
        return Pool(target, path, ids, lanes, timeout_s, _SPEECH[self._protocol], exact=exact)

    def tally(self, body: str, ids: Ids) -> Tally:
        """Counts of answers by this protocol."""
        return Tally(body, ids, self._protocol)


def do(job: Job, gate: Gate) -> Measurement:
    """Make one job's load."""
    return SocketsClient(job.target.client_protocol.protocol).do(job, gate)
