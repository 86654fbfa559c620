"""Where stacks live. A backend turns a cell into a running stack, and back into nothing."""

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
    """A cell's server, its app's companions, and proxy where it has one, up and answering."""

    @property
    def edge(self) -> Target:
        """Where the client sends its requests, as seen from every `workplace`."""

    def workplace(self, driver: str) -> Workplace:
        """Where a driver has to run."""

    @property
    def server_start_s(self) -> float:
        """Seconds from the start to the server's first answer, and its companions' first work: not the lab's own."""

    @property
    def argv(self) -> Mapping[str, tuple[str, ...]]:
        """The exact command line of each part, by `server`, `proxy` and the companions' names."""

    def fetch(self, path: str, timeout_s: float) -> Response:
        """One request through the edge, made from where the load is. Raises `FetchError`."""

    def server_usage(self) -> GroupUsage | None:
        """What the server and its companions have used so far; None where the system does not tell."""

    def proxy_usage(self) -> GroupUsage | None:
        """The same for the proxy; None without one."""

    def log_tail(self) -> str:
        """The end of what each part wrote."""

    def trouble(self) -> str:
        """Which part has ended by itself, in a sentence; empty while all run."""


class Backend(Protocol):
    """Makes stacks. A context manager: leaving it leaves nothing running."""

    @property
    def name(self) -> str:
        """`local` or `docker`."""

    def stack(self, cell: Cell) -> AbstractContextManager[Stack]:
        """The cell's stack, fresh, up and answering.

        Raises `StageError` where that does not come about, and `EngineError` where no other would either.
        """


class Site(Protocol):
    """A backend that can be used here, before it is: what it can stand up, and what that would run on."""

    @property
    def name(self) -> str:
        """`local` or `docker`."""

    @property
    def about(self) -> str:
        """Where stacks would live, in a few words for the person who waits."""

    @property
    def cpus(self) -> CpuLayout:
        """The processors of each role. The client's are of this machine, also where the stacks are on another."""

    def unavailable(self) -> Mapping[str, str]:
        """Candidates, topologies, apps and drivers that cannot be used here, by name, with the reason."""

    @property
    def stack_s(self) -> float:
        """About how many seconds a visit takes besides its load and warm-up."""

    def due(self, plan: Plan) -> Sequence[str]:
        """The names of the images that `prepare` would build first."""

    def foresee(self, plan: Plan) -> Mapping[str, object]:
        """The part of `describe` that is known before `prepare`."""

    def prepare(self, plan: Plan, keeper: ProcessKeeper, say: Callable[[str], None]) -> float:
        """Make what the plan needs and is missing, saying so; how many seconds building images took.

        Raises `EngineError`.
        """

    def describe(self, plan: Plan) -> Mapping[str, object]:
        """What stacks run on, as JSON values: interpreters, versions, processors. After `prepare`."""

    def open(self, run_id: str, keeper: ProcessKeeper) -> AbstractContextManager[Backend]:
        """The backend, for one sitting of a run."""
