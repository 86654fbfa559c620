"""Where stacks live. A backend turns a cell into a running stack, and removes it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from topolab.fetch import Response
from topolab.model.cell import Cell, Plan
from topolab.model.outcome import GroupUsage
from topolab.model.target import Target, Workplace
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessKeeper


class Stack(Protocol):
    """A cell's server, its app's companions and its proxy, if any, up and answering."""

    @property
    def edge(self) -> Target:
        """Where the client sends its requests, as seen from every `workplace`."""

    def workplace(self, driver: str) -> Workplace:
        """Where a driver must run."""

    @property
    def server_start_s(self) -> float:
        """Seconds from start to the server's first answer and its companions' first result, less topolab's own time."""

    @property
    def argv(self) -> Mapping[str, tuple[str, ...]]:
        """The exact command line of each part, by `server`, `proxy` and the companions' names."""

    def fetch(self, path: str, timeout_s: float) -> Response:
        """Send one request through the edge, from where the load is made. Raises `FetchError`."""

    def server_usage(self) -> GroupUsage | None:
        """What the server and its companions have used so far; None if the system does not report it."""

    def proxy_usage(self) -> GroupUsage | None:
        """What the proxy has used so far; None without a proxy."""

    def log_tail(self) -> str:
        """The end of each part's output."""

    def trouble(self) -> str:
        """A sentence that names the part that has ended by itself; empty while all parts run."""


class Backend(Protocol):
    """Makes stacks. A context manager: nothing runs after it exits."""

    @property
    def name(self) -> str:
        """`local` or `docker`."""

    def stack(self, cell: Cell) -> AbstractContextManager[Stack]:
        """The cell's stack, fresh, up and answering.

        Raises `StageError` if this stack fails, and `EngineError` if any other would fail too.
        """


class Site(Protocol):
    """A backend before its use: what it could run here, and on what."""

    @property
    def name(self) -> str:
        """`local` or `docker`."""

    @property
    def about(self) -> str:
        """A few words for the waiting user about where stacks would live."""

    @property
    def cpus(self) -> CpuLayout:
        """The processors of each role. The client's are on this machine, even if the stacks are on another."""

    def unavailable(self) -> Mapping[str, str]:
        """The reason for each candidate, topology, app and driver that cannot be used here, by name."""

    @property
    def stack_s(self) -> float:
        """About how many seconds a visit takes in addition to its load and warm-up."""

    def due(self, plan: Plan) -> Sequence[str]:
        """The names of the images that `prepare` would build first."""

    def foresee(self, plan: Plan) -> Mapping[str, object]:
        """The part of `describe` that is already known before `prepare`."""

    def prepare(self, plan: Plan, keeper: ProcessKeeper, say: Callable[[str], None]) -> float:
        """Make and report what the plan lacks; return the seconds spent on building images.

        Raises `EngineError`.
        """

    def describe(self, plan: Plan) -> Mapping[str, object]:
        """What stacks run on, as JSON values: interpreters, versions, processors. Only after `prepare`."""

    def open(self, run_id: str, keeper: ProcessKeeper) -> AbstractContextManager[Backend]:
        """The backend, for one sitting of a run."""
