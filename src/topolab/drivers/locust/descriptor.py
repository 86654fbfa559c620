"""The driver that runs users in Locust."""

from __future__ import annotations

from topolab.drivers.descriptor import Descriptor
from topolab.model.protocol import ClientProtocol
from topolab.process.distributions import missing, not_installed


def missing_locust() -> str:
    """Why Locust's users cannot be sent from here; empty where they can."""
    absent = missing(("locust", "websocket-client"))
    return not_installed("the load of Locust's users", absent) if absent else ""


DRIVER = Descriptor("locust", refusals={ClientProtocol.H3: "its users speak no HTTP/3"}, missing=missing_locust)
