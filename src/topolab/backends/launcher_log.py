"""The log of a part: the argv its launcher announced, and the rest."""

from __future__ import annotations

import json

_ANNOUNCEMENT = '{"argv": '


def split_log(text: str) -> tuple[tuple[str, ...] | None, str]:
    """The argv that the launcher wrote before it became the program (None: not in `text`), and the other lines."""
    argv, rest = None, []
    for line in text.splitlines():
        if line.startswith(_ANNOUNCEMENT):
            argv = tuple(json.loads(line)["argv"])
        else:
            rest.append(line)
    return argv, "\n".join(rest)
