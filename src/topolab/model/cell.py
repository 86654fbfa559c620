"""A cell, its planned hops, and the skip that replaces a cell that cannot exist."""

from __future__ import annotations

from dataclasses import dataclass

from topolab.model.combination import Combination
from topolab.model.protocol import Protocol, Transport
from topolab.model.topology import Leg


@dataclass(frozen=True, slots=True)
class PlannedHop:
    """One hop of a cell: who speaks to whom, and the leg that it must be observed to use."""

    source: str
    target: str
    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A combination that can exist: the client's route ends at a listener that the server declares."""

    combination: Combination
    hops: tuple[PlannedHop, ...]
    h2_alone: bool = False

    @property
    def id(self) -> str:
        """The id of the combination."""
        return self.combination.id

    @property
    def listener(self) -> Transport:
        """The transport of the server's listener, which is that of the last hop."""
        return self.hops[-1].leg.transport

    @property
    def origin_protocol(self) -> Protocol:
        """The protocol the app must see."""
        return self.hops[-1].leg.protocol

    @property
    def downgraded(self) -> bool:
        """Whether the app is reached over another protocol than the client's."""
        return self.origin_protocol is not self.combination.client_protocol.protocol


@dataclass(frozen=True, slots=True)
class Skip:
    """A combination that cannot exist, or not on this machine, with the reason in plain English."""

    combination: Combination
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do: the cells to measure, in the matrix's order, and the skips."""

    cells: tuple[Cell, ...]
    skips: tuple[Skip, ...]
