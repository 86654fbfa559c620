"""A process's argv from the kernel, and every way a server can be started directly."""

from __future__ import annotations

from pathlib import Path

from topolab.catalogue import Catalogue
from topolab.model.cell import Cell
from topolab.model.matrix import Matrix, Selection
from topolab.plan import Filters, make_plan


def cmdline(pid: int) -> tuple[str, ...]:
    """The argv of a running process."""
    return tuple(Path(f"/proc/{pid}/cmdline").read_text().removesuffix("\0").split("\0"))


def untitled(found: tuple[str, ...], argv: tuple[str, ...]) -> tuple[str, ...]:
    """`argv` if a program overwrote its arguments with it as a title, joined by blanks; else `found`."""
    return argv if len(found) == 1 and found[0].endswith(f" {' '.join(argv)}") else found


def every_listener(catalogue: Catalogue) -> list[Cell]:
    """A cell for each listener of each server's variants: its server is reached directly."""
    select = Selection(servers=("*",), apps=("bare",), topologies=("direct",), protocols=("*",), profiles=("ceiling",))
    plan = make_plan(Matrix(name="all", summary="all", rounds=1, select=(select,)), catalogue, Filters(), {})
    found = {(cell.combination.server, cell.listener): cell for cell in plan.cells}
    declared = {(c.name, listener) for c in catalogue.candidates.values() for listener in c.variant.listeners}
    assert set(found) == declared
    return list(found.values())
