"""What the parts of a stack have in common, whether they are process groups or containers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from topolab.catalogue import Catalogue
from topolab.errors import StageError
from topolab.fetch import FetchError
from topolab.model.cell import Cell, Plan
from topolab.model.driver import Driver
from topolab.model.outcome import Stage
from topolab.model.protocol import ClientProtocol

READY_DEADLINE_S = 20.0
ATTEMPT_TIMEOUT_S = 5.0
_POLL_S = 0.005
_ANNOUNCEMENT = '{"argv": '


@dataclass(frozen=True, slots=True)
class Part:
    """A part while it is waited for. `ending` says how it ended by itself, as "ended with exit code 1"; else empty."""

    name: str
    ending: Callable[[], str]
    log_tail: Callable[[], str]


def await_answer(part: Part, ask: Callable[[], object]) -> None:
    """Ask until any answer comes; what it says is for the proof of the hops to judge.

    Raises `StageError` where the part ends first, or the deadline comes.
    """
    deadline = time.monotonic() + READY_DEADLINE_S
    while True:
        try:
            ask()
            return
        except FetchError as error:
            if ending := part.ending():
                raise StageError(
                    Stage.START, f"the {part.name} {ending} before it answered", part.log_tail()
                ) from error
            if time.monotonic() > deadline:
                message = f"no answer from the {part.name} within {READY_DEADLINE_S:.0f} s: {error}"
                raise StageError(Stage.READY, message, part.log_tail()) from error
        time.sleep(_POLL_S)


def packages_used(catalogue: Catalogue, plan: Plan) -> set[str]:
    """The distributions that the plan's servers and apps are made of."""
    combinations = [cell.combination for cell in plan.cells]
    servers = {p for c in combinations for p in catalogue.candidates[c.server].variant.packages}
    return servers | {p for c in combinations for p in catalogue.apps[c.app].packages}


def has_browser(catalogue: Catalogue, plan: Plan) -> bool:
    """Whether any of the plan's cells is loaded by a browser."""
    return any(catalogue.profiles[cell.combination.profile].driver is Driver.BROWSER for cell in plan.cells)


def last_hop_client(cell: Cell) -> ClientProtocol:
    """The client that speaks to the server itself what the cell's last hop speaks.

    Asking for readiness over that very leg proves its transport: a listener has one.
    """
    last = cell.hops[-1].leg
    return next(c for c in ClientProtocol if (c.protocol, c.transport) == (last.protocol, last.transport))


def split_log(text: str) -> tuple[tuple[str, ...] | None, str]:
    """The argv that the launcher wrote before it became the program (None: not in `text`), and the other lines."""
    argv, rest = None, []
    for line in text.splitlines():
        if line.startswith(_ANNOUNCEMENT):
            argv = tuple(json.loads(line)["argv"])
        else:
            rest.append(line)
    return argv, "\n".join(rest)


def ending_of(code: int) -> str:
    """How an exit code reads; negative is the signal that ended the process."""
    return f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"
