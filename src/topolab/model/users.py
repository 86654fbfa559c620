"""The load of users on journeys: what users do, and how many of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from annotated_types import MinLen

from topolab.model.declared import Count, Declared, Name, PositiveSeconds, Rate, Seconds, Text
from topolab.model.protocol import Protocol
from topolab.model.server import Interface


class Journey(StrEnum):
    """What a Locust user can do: the tags in `loadtest/locustfile.py`."""

    BROWSE = "browse"
    DASHBOARD = "dashboard"
    UPLOAD = "upload"
    CHAT = "chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersLoad(Declared):
    """A fixed number of Locust users on `journeys` of the catalogue's locustfile, in a fixed number of processes.

    A closed loop: a user thinks for `think_s` on average, then starts its next journey. `spawn_per_s` users start each
    second, all run for `warm_up_s`, and then everything counts for `duration_s`.
    """

    name: Name
    summary: Text
    kind: Literal["users"]
    driver: Name
    users: Count
    spawn_per_s: Rate
    think_s: Seconds
    journeys: Annotated[tuple[Journey, ...], MinLen(1)]
    warm_up_s: Seconds
    duration_s: PositiveSeconds
    workers: Count = 1

    def unfit(self) -> tuple[str, str] | None:
        """Require each journey once, another one if there is chat, and a user for each worker."""
        if repeated := sorted({journey.value for journey in self.journeys if self.journeys.count(journey) > 1}):
            return "journeys", f"{repeated[0]!r} is listed twice"
        if self.journeys == (Journey.CHAT,):
            return "journeys", "must include another journey than chat, because the rate counts HTTP responses"
        if self.workers > self.users:
            return "workers", f"must be at most {self.users}, so that each has a user, not {self.workers}"
        return None

    def refusal(self, protocol: Protocol, interface: Interface) -> str:
        """Why users who chat cannot: WebSockets need HTTP/1.1 and ASGI."""
        if not self.chats:
            return ""
        if protocol is not Protocol.HTTP1:
            return "its users chat over WebSocket, which they open only over HTTP/1.1"
        return "its users chat over WebSocket, which WSGI does not support" if interface is Interface.WSGI else ""

    def pipelines(self, protocol: Protocol) -> bool:  # noqa: ARG002
        """Never: each user waits for the response before the next request."""
        return False

    def expected_s(self, protocol: Protocol) -> float:  # noqa: ARG002
        """The time in which the users start, and then run."""
        return self.longest_s

    @property
    def longest_s(self) -> float:
        """The same as expected: the driver itself says how much longer it takes."""
        return self.users / self.spawn_per_s + self.warm_up_s + self.duration_s

    @property
    def steady_rate(self) -> bool:
        """True: the rate is measured, and should not change during the load."""
        return True

    @property
    def reading(self) -> str:
        """How to read its figures."""
        return "Users are a closed loop."

    @property
    def chats(self) -> bool:
        """Whether users open WebSockets."""
        return Journey.CHAT in self.journeys
