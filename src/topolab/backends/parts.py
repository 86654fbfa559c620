"""What the parts of a stack have in common, whether they are process groups or containers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from topolab.catalogue import Catalogue
from topolab.errors import StageError
from topolab.fetch import FetchError, Response
from topolab.model.cell import Cell, Plan
from topolab.model.driver import Driver
from topolab.model.outcome import Stage
from topolab.model.protocol import ClientProtocol

READY_DEADLINE_S = 20.0
ATTEMPT_TIMEOUT_S = 5.0
_POLL_S = 0.005
_WORK_POLL_S = 0.05  # less often: here every question is work for those that are still starting
_WORK_PATH = "/message/ready?delay=0"
_ANNOUNCEMENT = '{"argv": '


@dataclass(frozen=True, slots=True)
class Part:
    """A part while it is waited for. `ending` says how it ended by itself, as "ended with exit code 1"; else empty."""

    name: str
    ending: Callable[[], str]
    log_tail: Callable[[], str]


def drivers_used(catalogue: Catalogue, plan: Plan) -> frozenset[Driver]:
    """What makes the load of a plan's cells, as the catalogue has their profiles."""
    profiles = {cell.combination.profile for cell in plan.cells} & set(catalogue.profiles)
    return frozenset(catalogue.profiles[name].driver for name in profiles)


def await_answer(part: Part, ask: Callable[[], object]) -> None:
    """Ask until any answer comes; what it says is for the proof of the hops to judge.

    Raises `StageError` where the part ends first, or the deadline comes.
    """
    _await((part,), ask, _POLL_S)


def await_work(companions: Sequence[Part], ask: Callable[[str], Response]) -> None:
    """Hand a piece of work over and ask for its result until it is there: then the companions do their part.

    Raises `StageError` where one of them ends first, or the deadline comes.
    """
    path = _WORK_PATH

    def once() -> None:
        nonlocal path
        answer = ask(path)
        if answer.status == HTTPStatus.OK:
            return
        asked, path = path, _WORK_PATH  # what the broker was not up for yet is handed over again
        if answer.status == HTTPStatus.ACCEPTED:
            path = answer.headers.get("location", _WORK_PATH)
        raise FetchError(f"{asked} was answered with status {answer.status}")

    _await(companions, once, _WORK_POLL_S)


def _await(parts: Sequence[Part], ask: Callable[[], object], poll_s: float) -> None:
    deadline = time.monotonic() + READY_DEADLINE_S
    while True:
        try:
            ask()
            return
        except FetchError as error:
            for part in parts:
                if ending := part.ending():
                    message = f"the {part.name} {ending} before it answered"
                    raise StageError(Stage.START, message, part.log_tail()) from error
            if time.monotonic() > deadline:
                names = " and ".join(part.name for part in parts)
                message = f"no answer from the {names} within {READY_DEADLINE_S:.0f} s: {error}"
                raise StageError(Stage.READY, message, parts[0].log_tail()) from error
        time.sleep(poll_s)


def packages_used(catalogue: Catalogue, plan: Plan) -> set[str]:
    """The distributions that the plan's servers and apps are made of."""
    combinations = [cell.combination for cell in plan.cells]
    servers = {p for c in combinations for p in catalogue.candidates[c.server].variant.packages}
    return servers | {p for c in combinations for p in catalogue.apps[c.app].packages}


def missing_packages(catalogue: Catalogue, held: Callable[[str], bool]) -> dict[str, tuple[str, ...]]:
    """Of each candidate and app that lacks some of its distributions, those that are not `held`, by its name."""
    wanted = {candidate.name: candidate.variant.packages for candidate in catalogue.candidates.values()}
    wanted |= {app.name: app.packages for app in catalogue.apps.values()}
    lacking = {name: tuple(p for p in packages if not held(p)) for name, packages in wanted.items()}
    return {name: packages for name, packages in lacking.items() if packages}


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
