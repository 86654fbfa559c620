"""A cell, the hops it is planned to take, and the skip that takes its place where it cannot exist."""

from __future__ import annotations

from dataclasses import dataclass

from topolab.model.combination import Combination
from topolab.model.protocol import Protocol, Transport
from topolab.model.topology import Leg


@dataclass(frozen=True, slots=True)
class PlannedHop:
    """One hop of a cell: who speaks to whom, and the leg it must be seen to use."""

    source: str
    target: str
    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A combination that can exist: where the client's route meets a listener the server declares."""

    combination: Combination
    hops: tuple[PlannedHop, ...]
    h2_alone: bool = False

    @property
    def id(self) -> str:
        """The combination's id."""
        return self.combination.id

    @property
    def listener(self) -> Transport:
        """The transport of the server's own listener: that of the last hop."""
        return self.hops[-1].leg.transport

    @property
    def origin_protocol(self) -> Protocol:
        """The protocol the app must see."""
        return self.hops[-1].leg.protocol

    @property
    def downgraded(self) -> bool:
        """Whether the client's protocol is not the one that reaches the app."""
        return self.origin_protocol is not self.combination.client_protocol.protocol


@dataclass(frozen=True, slots=True)
class Skip:
    """A combination that cannot exist, or not here, and why, in a sentence a person understands."""

    combination: Combination
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do: the cells to measure, in the matrix's order, and the skips."""

    cells: tuple[Cell, ...]
    skips: tuple[Skip, ...]
