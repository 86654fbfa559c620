"""Planning a test's own matrix over the repository's catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from topolab.catalogue import Catalogue
from topolab.model.cell import Cell, Plan, Skip
from topolab.model.matrix import Matrix, Selection
from topolab.plan import Filters, make_plan

ALL = ("*",)


def matrix(
    servers: tuple[str, ...] = ALL,
    apps: tuple[str, ...] = ("bare",),
    topologies: tuple[str, ...] = ALL,
    protocols: tuple[str, ...] = ALL,
    profiles: tuple[str, ...] = ("ceiling",),
    aa_pairs: int = 0,
) -> Matrix:
    select = Selection(servers=servers, apps=apps, topologies=topologies, protocols=protocols, profiles=profiles)
    return Matrix(name="mine", summary="a test's", rounds=1, select=(select,), aa_pairs=aa_pairs)


def planned(catalogue: Catalogue, wanted: Matrix, *only: str, unavailable: Mapping[str, str] | None = None) -> Plan:
    return make_plan(wanted, catalogue, Filters.parse(only, catalogue), unavailable or {})


def the_one(
    catalogue: Catalogue, server: str, topology: str, protocol: str, app: str = "bare", profile: str = "ceiling"
) -> Cell | Skip:
    """The plan of a single combination."""
    plan = planned(catalogue, matrix((server,), (app,), (topology,), (protocol,), (profile,)))
    (found,) = (*plan.cells, *plan.skips)
    return found


def cell(catalogue: Catalogue, server: str, topology: str, protocol: str) -> Cell:
    found = the_one(catalogue, server, topology, protocol)
    assert isinstance(found, Cell), found
    return found


def reason(
    catalogue: Catalogue, server: str, topology: str, protocol: str, app: str = "bare", profile: str = "ceiling"
) -> str:
    found = the_one(catalogue, server, topology, protocol, app, profile)
    assert isinstance(found, Skip), found
    return found.reason
