"""A worker's connection to the harness: private copies of its standard streams, so that nothing else uses them."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TextIO


@cache
def wire() -> tuple[TextIO, TextIO]:
    """The lines from the harness, and those to it. The first call takes both streams; later calls return the same.

    From then on, standard input is empty and standard output is standard error, which is the worker's log. This is
    so for Python, for C libraries and for processes that the worker starts: a `print` does not end up between two
    events, and no tool reads the next job.
    """
    lines_in = os.fdopen(os.dup(0), "r", encoding="utf-8")
    lines_out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr  # the old object would hold prints back in its buffer, and a worker is killed at the end
    return lines_in, lines_out
