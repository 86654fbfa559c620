"""The closed list of warnings that a row can have. Each says what was seen and ends in advice."""

from __future__ import annotations

from enum import Enum

DRIFT_LIMIT = 0.10
SWING_LIMIT = 0.30
CLIENT_SHARE_LIMIT = 0.80
OFFERED_LIMIT = 0.99


class Warning(Enum):
    """What can be wrong with a row that was measured. The value is the sentence in reports."""

    CLIENT_LIMITED = (
        "client-limited: the load generator was near its own limit, so the server may be capable of more; "
        "compare CPU per request instead of the rate"
    )
    NOT_STEADY = (
        "not steady: the rate drifted by more than 10 % during the load, or swung by more than 30 %; "
        "use a longer profile (ceiling-long) or a quieter machine"
    )
    BAD_RESPONSES = "bad responses: the rate excludes them; bad_responses in results.json lists their kinds"
    BEHIND_SCHEDULE = (
        "behind schedule: fewer than 99 % of the planned requests were answered in time, so this is the latency of an "
        "overloaded server; offer a lower rate, or fewer slow requests"
    )
    DISTURBED = (
        "disturbed: another topolab run was measuring on this machine, so these figures are worse than they would be; "
        "measure again with nothing else running"
    )
    PIPELINED = (
        "pipelined: each HTTP/1.1 connection had several requests in flight, which no browser and no load "
        "balancer does; compare with a load that has as many in flight over more connections"
    )
    UNKNOWN_ORIGIN_CONNECTIONS = (
        "origin connections unknown: this server hides the peer's port from its app; "
        "use another variant where the count matters"
    )

    @property
    def label(self) -> str:
        """The words before the colon."""
        return self.value.partition(":")[0]
