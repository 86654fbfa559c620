"""The driver that runs users in Locust."""

from __future__ import annotations

from topolab.distributions import missing, not_installed
from topolab.drivers.descriptor import GRACE_S, Descriptor
from topolab.drivers.locust.command import longest_s
from topolab.model.profile import LoadProfile
from topolab.model.protocol import ClientProtocol
from topolab.model.users import UsersLoad


def missing_locust() -> str:
    """Why Locust cannot run here; empty if it can."""
    absent = missing(("locust", "websocket-client"))
    return not_installed("the load of Locust's users", absent) if absent else ""


def _longest_s(profile: LoadProfile) -> float:
    return (longest_s(profile) if isinstance(profile, UsersLoad) else 0.0) + GRACE_S


DRIVER = Descriptor(
    "locust",
    frozenset({"users"}),
    refusals={ClientProtocol.H3: "its users do not support HTTP/3"},
    start_up_s=2.0,  # to start and end Locust
    longest_s=_longest_s,
    reading="Locust rounds response times to whole milliseconds below 100 and to two digits above, and includes those "
    "of failed requests.",
    files=("loadtest/*.py",),
    missing=missing_locust,
)
