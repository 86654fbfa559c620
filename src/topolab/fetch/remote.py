"""`fetch` from another place, such as a container: lines to and from `python -m topolab.fetch` there."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from pydantic import TypeAdapter

from topolab.fetch.request import FetchError, Response, fetch
from topolab.model.target import Target, Workplace
from topolab.process.conversation import Conversation, LostError
from topolab.process.group import ProcessKeeper

_GRACE_S = 10.0
_targets = TypeAdapter(Target)


def serve(lines_in: TextIO, lines_out: TextIO) -> None:
    """Answer every request line, until there are no more."""
    while line := lines_in.readline():
        request = json.loads(line)
        target = _targets.validate_json(json.dumps(request["target"]))
        answer: dict[str, object]
        try:
            response = fetch(target, request["path"], request["timeout_s"])
            answer = {**asdict(response), "body": response.body.decode("latin-1")}
        except FetchError as error:
            answer = {"error": str(error)}
        lines_out.write(json.dumps(answer) + "\n")
        lines_out.flush()


class RemoteFetcher:
    """Fetches from a workplace, by a process there that is started at the first request and again when it is lost."""

    def __init__(self, keeper: ProcessKeeper, workplace: Workplace, log_path: Path) -> None:
        self._keeper = keeper
        self._workplace = workplace
        self._log_path = log_path
        self._talk: Conversation | None = None

    def fetch(self, target: Target, path: str, timeout_s: float) -> Response:
        """GET `path` once, on a connection of its own. Raises `FetchError`, also where the workplace is lost."""
        request = {"target": asdict(target), "path": path, "timeout_s": timeout_s}
        talk = self._running()
        try:
            talk.say(json.dumps(request, default=str) + "\n")
            line = talk.hear(time.monotonic() + timeout_s + _GRACE_S)
            answer = json.loads(line)
        except LostError as error:
            self.close()
            raise FetchError(f"the fetcher {error}: {talk.group.log_tail()}") from None
        except ValueError:  # what starts it there, `docker exec` say, has written its own words
            self.close()
            raise FetchError(f"the fetcher said {line[:200]!r}") from None
        if "error" in answer:
            raise FetchError(answer["error"])
        return Response(answer["status"], answer["headers"], answer["body"].encode("latin-1"), answer["protocol"])

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
