"""The closed list of warnings a row can carry. Each says what was seen and ends in advice."""

from __future__ import annotations

from enum import Enum

DRIFT_LIMIT = 0.10
SWING_LIMIT = 0.30
CLIENT_SHARE_LIMIT = 0.80
OFFERED_LIMIT = 0.99


class Warning(Enum):
    """Everything that can be wrong with a measured row short of failing. The value is the sentence for reports."""

    CLIENT_LIMITED = (
        "client-limited: the load generator was near its own limit, so the server may give more; "
        "compare the CPU per request instead of the rate"
    )
    NOT_STEADY = (
        "not steady: within the load the rate drifted by more than 10 % one way, or swung by more than 30 %; "
        "use a longer profile (ceiling-long) or a quieter machine"
    )
    BAD_RESPONSES = "bad responses: they are not in the rate; see bad_responses in results.json for their kinds"
    BEHIND_SCHEDULE = (
        "behind schedule: fewer than 99 % of the planned requests were answered in time; "
        "the latency is that of a server that cannot keep up, so offer a lower rate, or fewer slow requests beside it"
    )
    PIPELINED = (
        "pipelined: several requests stood on each connection before the first was answered, which under HTTP/1.1 "
        "no browser and no load balancer does; compare with a load that has as many in flight on more connections"
    )
    UNKNOWN_ORIGIN_CONNECTIONS = (
        "origin connections unknown: this server does not tell its app the peer's port; "
        "compare with another variant where the count matters"
    )

    @property
    def label(self) -> str:
        """The words before the colon."""
        return self.value.partition(":")[0]
