"""The errors that end a command or a cell, in one flat tree: the command line turns each into one line and a code.

Every message says what is wrong, where, and what to do or what was expected instead. An error that never leaves the
layers that handle it is declared next to what raises it.
"""


class TopolabError(Exception):
    """Base of everything topolab raises on purpose; never raised itself."""


class InputError(TopolabError):
    """What the user gave (an argument, a TOML file, an environment variable) cannot be used."""


class NothingSelectedError(TopolabError):
    """The matrix and the filters together leave no cell to measure."""


class StageError(TopolabError):
    """A cell could not be measured; it becomes a `Failed` outcome and the run continues.

    `stage` is the step that failed, `log` the end of what the failing process wrote (may be empty).
    """

    def __init__(self, stage: str, message: str, log: str = "") -> None:
        super().__init__(message)
        self.stage = stage
        self.message = message
        self.log = log


class EngineError(TopolabError):
    """The Docker Engine, or what is needed to use it, cannot be used; the run cannot continue with it."""


class StoreError(TopolabError):
    """A results folder is missing, is not one of topolab's, or was written by another format version."""


class UnwritableError(TopolabError):
    """A results folder can no longer be written: its disk is full, it has become read-only, or it was deleted."""


class OutputError(TopolabError):
    """Standard output cannot be written: its disk is full, or it is closed."""


class OutputClosedError(TopolabError):
    """Whoever read an output has stopped reading, as `head` does; not a failure."""


def described(error: BaseException) -> str:
    """An error of somebody else's code as one line: its type, and its text if it has one."""
    return ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))
