"""Locust users in a plan: skips where they cannot chat, and the time that they take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.planning import cell, matrix, planned
from topolab.catalogue import Catalogue
from topolab.drivers.registry import drivers
from topolab.model.users import Journey, UsersLoad
from topolab.plan.estimate import expected_s

STACK_S = 0.7


@pytest.fixture
def chatting(catalogue: Catalogue) -> Catalogue:
    """The catalogue, with users that also chat."""
    profile = catalogue.profiles["journeys"]
    assert isinstance(profile, UsersLoad)
    chats = replace(profile, journeys=(*profile.journeys, Journey.CHAT))
    return replace(catalogue, profiles={**catalogue.profiles, "journeys": chats})


def outcome(catalogue: Catalogue, server: str, protocol: str) -> str:
    plan = planned(catalogue, matrix((server,), topologies=("alb",), protocols=(protocol,), profiles=("journeys",)))
    return plan.skips[0].reason if plan.skips else "a cell"


def test_http_users_run_on_every_protocol_but_http3(catalogue: Catalogue) -> None:
    found = [outcome(catalogue, "hypercorn-asyncio", protocol) for protocol in ("http/1.1", "h2", "h3")]
    assert found == ["a cell", "a cell", "locust: its users do not support HTTP/3"]


def test_chatting_users_need_http1_and_an_asgi_app(chatting: Catalogue) -> None:
    assert outcome(chatting, "hypercorn-asyncio", "http/1.1") == "a cell"
    assert outcome(chatting, "hypercorn-asyncio", "h2") == (
        "journeys: its users chat over WebSocket, which they open only over HTTP/1.1"
    )
    assert outcome(chatting, "gunicorn-gthread", "http/1.1") == (
        "journeys: its users chat over WebSocket, which WSGI does not support"
    )


def test_the_time_includes_spawning_and_locusts_start(catalogue: Catalogue) -> None:
    profile = catalogue.profiles["journeys"]
    expected = STACK_S + drivers()["locust"].start_up_s + 0.5 + 1.5 + 4.0
    assert expected_s(
        cell(catalogue, "hypercorn-asyncio", "alb", "h2"), profile, STACK_S, catalogue.drivers
    ) == pytest.approx(expected)
