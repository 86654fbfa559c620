"""What a load says of itself, to the catalogue, the plan and the reports."""

from __future__ import annotations

from dataclasses import replace

from support.made_run import PROFILES
from support.users_profile import PROFILE as USERS
from topolab.model.profile import ClosedLoad, CountLoad, Lanes, LoadProfile, MixedLoad, PageLoad
from topolab.model.protocol import Protocol
from topolab.model.server import Interface
from topolab.model.users import Journey

ALL: dict[str, LoadProfile] = {**PROFILES, "users": USERS}


def pipelining(protocol: Protocol) -> set[str]:
    return {name for name, load in ALL.items() if load.pipelines(protocol)}


def test_a_load_pipelines_only_with_several_streams_on_http1() -> None:
    assert [pipelining(protocol) for protocol in Protocol] == [{"counted-m5"}, set(), set()]


def test_only_users_who_chat_refuse_a_protocol_or_an_interface() -> None:
    ways = [(protocol, interface) for protocol in Protocol for interface in Interface]
    refusing = {name: [way for way in ways if load.refusal(*way)] for name, load in ALL.items()}
    assert refusing.pop("users") == [way for way in ways if way != (Protocol.HTTP1, Interface.ASGI)]
    assert not any(refusing.values())
    quiet = replace(USERS, journeys=(Journey.BROWSE,))
    assert not any(quiet.refusal(*way) for way in ways)


def test_only_pages_and_counts_may_differ_in_requests_in_flight() -> None:
    unequal = {"http1": Lanes(6), "multiplexed": Lanes(1, 24)}
    closed, mixed, page, counted = (PROFILES[name] for name in ("ceiling", "mixed", "page-24", "counted"))
    assert isinstance(closed, ClosedLoad)
    assert isinstance(mixed, MixedLoad)
    assert isinstance(page, PageLoad)
    assert isinstance(counted, CountLoad)
    complaint = ("multiplexed", "connections x streams must be 6, as on HTTP/1.1, not 24")
    few_slow = replace(mixed.slow, in_flight=5)
    assert replace(closed, **unequal).unfit() == complaint
    assert replace(mixed, slow=few_slow, **unequal).unfit() == complaint
    assert (replace(page, **unequal).unfit(), replace(counted, **unequal).unfit()) == (None, None)


def test_fast_requests_need_a_stream_that_no_slow_one_has() -> None:
    mixed = PROFILES["mixed"]
    assert isinstance(mixed, MixedLoad)
    assert mixed.unfit() is None
    assert replace(mixed, slow=replace(mixed.slow, in_flight=32)).unfit() == (
        "slow.in_flight",
        "must be below 32, the connections x streams, to leave some for fast requests",
    )
