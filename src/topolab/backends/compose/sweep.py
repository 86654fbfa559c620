"""Cleans up an engine for this run, for dead runs and for a killed topolab, only by a token's label."""

from __future__ import annotations

import time
from collections.abc import Callable

from topolab.backends.compose import owner
from topolab.backends.compose.connect import connect
from topolab.backends.compose.endpoint import find_endpoint
from topolab.backends.compose.engine import Engine
from topolab.errors import EngineError

PATIENCE_S = 60.0
"""How long to wait for an engine that does not answer: longer than a restart takes."""
_POLL_S = 0.5


def sweep_patiently(engine: Engine, token: str, deadline: float | None = None) -> None:
    """Remove everything with `token`, waiting for an engine that is restarting. Raises `EngineError` if it stays away.

    `deadline`, on the monotonic clock, is for callers that have already waited.
    """
    deadline = time.monotonic() + PATIENCE_S if deadline is None else deadline
    while True:
        try:
            engine.sweep(token)
            return
        except EngineError as error:
            if time.monotonic() > deadline:
                patience = f"{PATIENCE_S:.0f} s"
                raise EngineError(f"the Docker engine has been out of reach for {patience}: {error}") from error
        time.sleep(_POLL_S)


def sweep_the_dead(engine: Engine, say: Callable[[str], None]) -> None:
    """Remove what is left from this machine's runs that were killed together with their watchdog."""
    for token in owner.dead(engine.facts.id):
        removed = engine.sweep(token)
        owner.forget(token)
        if removed:
            say(f"removed {removed} containers, networks and image tags left by a killed run")


def sweep_owner(token: str, context: str | None) -> None:
    """For the watchdog of a killed topolab: wait for the engine if need be, and remove everything with `token`."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            engine = connect(find_endpoint(context))
            break
        except EngineError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)
    sweep_patiently(engine, token, deadline)
    owner.forget(token)
