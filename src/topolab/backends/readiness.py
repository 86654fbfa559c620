"""Waits for a stack until its server answers and its companions work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from topolab.errors import StageError
from topolab.fetch import FetchError, Response
from topolab.model.cell import Cell
from topolab.model.contract import HEALTH_PATH, WORK_PATH
from topolab.model.outcome import Stage
from topolab.model.protocol import ClientProtocol
from topolab.process.child import ENDED_WELL

ATTEMPT_TIMEOUT_S = 5.0
IN_FOREGROUND = "it must stay in the foreground: remove options such as --daemon"
_POLL_S = 0.005
_WORK_POLL_S = 0.05  # less often: here every poll is work for parts that are still starting


@dataclass(frozen=True, slots=True)
class Part:
    """A part being waited for. `ending` says how it ended by itself, such as "ended with exit code 1", or is empty.

    `port` is the port that it was given to listen on, for a part that must answer there.
    """

    name: str
    ending: Callable[[], str]
    log_tail: Callable[[], str]
    port: int | None = None


def await_good_answer(part: Part, ask: Callable[[str], Response], limit_s: float) -> None:
    """Poll the app's health until it is good: an app may answer 503 while it is still starting.

    Raises `StageError` if the part ends first, or after `limit_s`.
    """

    def once() -> None:
        status = ask(HEALTH_PATH).status
        if not 200 <= status < 300:
            raise FetchError(f"{HEALTH_PATH} was answered with status {status}")

    _await((part,), once, _POLL_S, limit_s)


def await_work(companions: Sequence[Part], ask: Callable[[str], Response], limit_s: float) -> None:
    """Hand a piece of work over and poll for its result, which proves that the companions work.

    Raises `StageError` if one of them ends first, or after `limit_s`.
    """
    path = WORK_PATH

    def once() -> None:
        nonlocal path
        answer = ask(path)
        if answer.status == HTTPStatus.OK:
            return
        asked, path = path, WORK_PATH  # hand over again what came before the broker was up
        if answer.status == HTTPStatus.ACCEPTED:
            path = answer.headers.get("location", WORK_PATH)
        raise FetchError(f"{asked} was answered with status {answer.status}")

    _await(companions, once, _WORK_POLL_S, limit_s)


def ended_early(name: str, ending: str, log_tail: str) -> StageError:
    """The error for a part that ended before it answered, with advice where it ended as a daemon's parent does."""
    advice = f" ({IN_FOREGROUND})" if ending == ENDED_WELL else ""
    return StageError(Stage.START, f"the {name} {ending}{advice} before it answered", log_tail)


def _await(parts: Sequence[Part], ask: Callable[[], object], poll_s: float, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while True:
        try:
            ask()
            return
        except FetchError as error:
            for part in parts:
                if ending := part.ending():
                    raise ended_early(part.name, ending, part.log_tail()) from error
            if time.monotonic() > deadline:
                names = " and ".join(part.name for part in parts)
                given = "".join(f" on port {part.port}, which it was given" for part in parts if part.port)
                trouble = f"no good answer from the {names} within {limit_s:g} s{given}: {error}"
                message = f"{trouble}; allow more with --start-timeout"
                raise StageError(Stage.READY, message, parts[0].log_tail()) from error
        time.sleep(poll_s)


def last_hop_client(cell: Cell) -> ClientProtocol:
    """The client protocol that reaches the server directly over the cell's last leg.

    A readiness check over that leg proves its transport, because a listener has only one.
    """
    last = cell.hops[-1].leg
    return next(c for c in ClientProtocol if (c.protocol, c.transport) == (last.protocol, last.transport))
