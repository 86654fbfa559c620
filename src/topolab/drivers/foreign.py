"""Runs a descriptor's code. It may be anybody's, so it may raise anything, exit, or print."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TypeVar

from topolab.drivers.descriptor import Descriptor
from topolab.errors import InputError, described

T = TypeVar("T")
DESCRIPTOR_FILE = "descriptor.py"


def asked(driver: Descriptor, question: str, ask: Callable[[], T]) -> T:
    """The answer of `ask`, which calls what the descriptor has under the name `question`.

    Raises `InputError` if that fails, with the driver's name and the place in its folder.
    """
    try:
        with printing_to_stderr():
            return ask()
    except (Exception, SystemExit) as error:
        place = _place(driver, error)
        raise InputError(f"driver {driver.name}: {question} failed: {described(error)}, in {place}") from error


@contextmanager
def printing_to_stderr() -> Iterator[None]:
    """Send what is printed inside the block to standard error: standard output may be JSON that a program reads."""
    with redirect_stdout(sys.stderr):
        try:
            real = os.dup(1)
        except OSError:  # topolab's caller has closed it
            yield
            return
        try:
            os.dup2(2, 1)  # for C libraries, and for processes that the block starts
            yield
        finally:
            os.dup2(real, 1)
            os.close(real)


def _place(driver: Descriptor, error: BaseException) -> str:
    """The innermost line of the driver's own files that the error went through, or else the descriptor."""
    folder = driver.folder or Path(__file__).parent / driver.name
    shown = f"drivers/{driver.name}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(folder):
            return f"{shown}/{path.relative_to(folder).as_posix()}:{frame.lineno}"
    return f"{shown}/{DESCRIPTOR_FILE}"
