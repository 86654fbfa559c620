"""The part of the app contract that the harness and Locust's users rely on: header names, paths, and a good answer.

`apps/common/origin_contract.py` is the contract that the apps implement. Apps cannot import topolab, which is not in
their images, so tests compare the two: the headers, and every app's answers to these paths.
"""

from __future__ import annotations

VERSION_HEADER = "x-origin-http-version"
"""The HTTP version that the app saw, for example `2`; every answer has it."""
PEER_HEADER = "x-origin-peer"
"""The client's port that the app saw; empty if the server does not pass it on."""

PAGE_PATH = "/"
HEALTH_PATH = "/healthz"
HOP_PATH = "/hop"
ECHO_PATH = "/echo"
CHAT_PATH = "/ws/echo"
MESSAGES_PATH = "/message/"
"""What a message's path begins with; its id follows."""


def query_path(message_id: str) -> str:
    """The path of a message that the app answers at once."""
    return f"/query?id={message_id}"


def message_path(message_id: str, delay_s: float) -> str:
    """The path of a message that takes the app `delay_s` seconds."""
    return f"{MESSAGES_PATH}{message_id}?delay={delay_s:g}"


def bytes_path(count: int | str) -> str:
    """The path of so many bytes."""
    return f"/bytes/{count}"


PROOF_PATH = query_path("proof")
WARM_UP_PATH = query_path("warm-up")
WORK_PATH = message_path("ready", 0)
"""A piece of work that an app with companions hands over."""

HANDED_OVER = 202
"""The status of an answer whose client is to ask again at its `location`."""
UNVERSIONED = "no origin version"
BODY_DIFFERS = "body differs"
TIMED_OUT = "timed out"
"""The fault of a request whose timeout was over before its answer was complete."""
UNANSWERED = "unanswered"
"""The fault of a request that was given up before an answer came."""
_GOOD = "200"


def fault(status: int | str, origin_version: str | None, *, body_matches: bool, unversioned: str = UNVERSIONED) -> str:
    """What is wrong with an answer, in words that are the same each time; empty for a good one.

    `status` may be the text of a status line. `unversioned` is what to say where `VERSION_HEADER` is missing or empty.
    """
    if str(status) != _GOOD:
        return f"status {status}"
    if not origin_version:
        return unversioned
    return "" if body_matches else BODY_DIFFERS
