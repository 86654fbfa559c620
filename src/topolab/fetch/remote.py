"""`fetch` in another place, such as a container, by lines to and from `python -m topolab.fetch` there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TextIO

from pydantic import Field, TypeAdapter, ValidationError

from topolab.fetch.request import FetchError, Response, fetch
from topolab.model.target import Target, Workplace
from topolab.process.conversation import Conversation, LostError
from topolab.process.group import ProcessKeeper

_GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request to make."""

    target: Target
    path: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The complete answer."""

    response: Response
    kind: Literal["answered"] = "answered"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Why no complete answer came."""

    message: str
    kind: Literal["unanswered"] = "unanswered"


_requests = TypeAdapter(Request)
_replies: TypeAdapter[Answered | Unanswered] = TypeAdapter(
    Annotated[Answered | Unanswered, Field(discriminator="kind")]
)


def serve(lines_in: TextIO, lines_out: TextIO) -> None:
    """Answer request lines until the input ends."""
    while line := lines_in.readline():
        request = _requests.validate_json(line)
        reply: Answered | Unanswered
        try:
            reply = Answered(fetch(request.target, request.path, request.timeout_s))
        except FetchError as error:
            reply = Unanswered(str(error))
        lines_out.write(_replies.dump_json(reply).decode() + "\n")
        lines_out.flush()


class RemoteFetcher:
    """Fetches from a workplace, by a process there that starts at the first request and again after it was lost."""

    def __init__(self, keeper: ProcessKeeper, workplace: Workplace, log_path: Path) -> None:
        self._keeper = keeper
        self._workplace = workplace
        self._log_path = log_path
        self._talk: Conversation | None = None

    def fetch(self, target: Target, path: str, timeout_s: float) -> Response:
        """GET `path` once, on a connection of its own. Raises `FetchError`, also if the workplace is lost."""
        request = _requests.dump_json(Request(target, path, timeout_s)).decode()
        talk = self._running()
        try:
            talk.say(f"{request}\n")
            line = talk.hear(time.monotonic() + timeout_s + _GRACE_S)
            reply = _replies.validate_json(line)
        except LostError as error:
            self.close()
            raise FetchError(f"the fetcher {error}: {talk.group.log_tail()}") from None
        except ValidationError:  # whatever starts it there, such as `docker exec`, has printed something
            self.close()
            raise FetchError(f"the fetcher said {line[:200]!r}") from None
        if isinstance(reply, Unanswered):
            raise FetchError(reply.message)
        return reply.response

    def close(self) -> None:
        """End the process."""
        if self._talk:
            self._keeper.end(self._talk.group)
            self._talk = None

    def _running(self) -> Conversation:
        if self._talk is None:
            argv = [*self._workplace.enter, self._workplace.python, "-m", "topolab.fetch"]
            self._talk = Conversation(self._keeper.start("fetcher", argv, self._log_path, pipes=True))
        return self._talk
