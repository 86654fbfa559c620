"""One cell of the catalogue, planned alone."""

from __future__ import annotations

from topolab.catalogue import Catalogue
from topolab.model.cell import Cell
from topolab.model.matrix import Matrix, Selection
from topolab.model.protocol import ClientProtocol
from topolab.plan import Filters, make_plan


def cell_of(catalogue: Catalogue, topology: str, protocol: ClientProtocol, server: str, *, app: str = "bare") -> Cell:
    """The cell of that name; fails the test where the plan skips it."""
    selection = Selection(
        servers=(server,), apps=(app,), topologies=(topology,), protocols=(protocol.value,), profiles=("ceiling",)
    )
    matrix = Matrix(name="one", summary="one cell", rounds=1, select=(selection,))
    plan = make_plan(matrix, catalogue, Filters(), {})
    assert len(plan.cells) == 1, plan.skips
    return plan.cells[0]
