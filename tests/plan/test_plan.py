"""A plan has every combination exactly once, as a cell with its hops or as a skip."""

from __future__ import annotations

from itertools import pairwise

import pytest

from support.planning import ALL, cell, matrix, planned
from topolab.catalogue import Catalogue
from topolab.errors import InputError
from topolab.model.cell import Plan, PlannedHop
from topolab.model.protocol import ClientProtocol, Protocol, Transport
from topolab.model.topology import Leg
from topolab.plan import Filters, make_plan

EVERYTHING = matrix(apps=ALL, profiles=ALL)


@pytest.fixture(scope="module")
def everything(catalogue: Catalogue) -> Plan:
    return planned(catalogue, EVERYTHING)


def test_the_same_matrix_gives_the_same_plan(catalogue: Catalogue) -> None:
    wanted = matrix(apps=ALL, profiles=("ceiling",), aa_pairs=2)
    assert planned(catalogue, wanted) == planned(catalogue, wanted)


@pytest.fixture(scope="module")
def plans(catalogue: Catalogue) -> dict[str, Plan]:
    """The plan of each of the catalogue's matrices."""
    return {name: planned(catalogue, wanted) for name, wanted in catalogue.matrices.items()}


def test_planning_does_not_change_its_input(catalogue: Catalogue) -> None:
    filters, unavailable = Filters.parse(["server=granian"], catalogue), {"alb": "no nginx"}
    before = (repr(EVERYTHING), repr(catalogue), repr(filters), repr(unavailable))
    make_plan(EVERYTHING, catalogue, filters, unavailable)
    assert (repr(EVERYTHING), repr(catalogue), repr(filters), repr(unavailable)) == before


def test_every_combination_is_planned_or_skipped_exactly_once(catalogue: Catalogue, everything: Plan) -> None:
    ids = [found.combination.id for found in (*everything.cells, *everything.skips)]
    assert len(ids) == len(set(ids))
    interfaces = 0
    for candidate in catalogue.candidates.values():
        for app in catalogue.apps.values():
            interfaces += len(set(candidate.variant.interfaces) & set(app.entrypoints)) or 1
    assert len(ids) == interfaces * len(catalogue.topologies) * len(ClientProtocol) * len(catalogue.profiles)


def test_cells_are_in_the_order_of_the_matrix(catalogue: Catalogue) -> None:
    wanted = matrix(("hypercorn-uvloop", "granian-asgi"), topologies=("nlb-tcp", "direct"), protocols=("h2", "h1"))
    assert [c.id for c in planned(catalogue, wanted).cells] == [
        "hypercorn-uvloop/bare-asgi/nlb-tcp/h2/ceiling",
        "hypercorn-uvloop/bare-asgi/nlb-tcp/h1/ceiling",
        "hypercorn-uvloop/bare-asgi/direct/h2/ceiling",
        "hypercorn-uvloop/bare-asgi/direct/h1/ceiling",
        "granian-asgi/bare-asgi/nlb-tcp/h2/ceiling",
        "granian-asgi/bare-asgi/nlb-tcp/h1/ceiling",
        "granian-asgi/bare-asgi/direct/h2/ceiling",
        "granian-asgi/bare-asgi/direct/h1/ceiling",
    ]


def test_hops_lead_from_the_client_to_the_server(catalogue: Catalogue, everything: Plan) -> None:
    for planned_cell in everything.cells:
        proxied = catalogue.topologies[planned_cell.combination.topology].proxied
        ends = [hop.source for hop in planned_cell.hops] + [planned_cell.hops[-1].target]
        assert ends == (["client", "proxy", "server"] if proxied else ["client", "server"])
        assert all(first.target == second.source for first, second in pairwise(planned_cell.hops))


def test_the_first_hop_uses_the_clients_protocol(everything: Plan) -> None:
    for planned_cell in everything.cells:
        asked = planned_cell.combination.client_protocol
        assert planned_cell.hops[0].leg == Leg(asked.protocol, asked.transport)


def test_the_last_hop_ends_at_a_declared_listener(catalogue: Catalogue, everything: Plan) -> None:
    for planned_cell in everything.cells:
        variant = catalogue.candidates[planned_cell.combination.server].variant
        assert planned_cell.origin_protocol in variant.listeners[planned_cell.listener].protocols
        assert planned_cell.combination.interface in variant.interfaces


def test_alb_downgrades_http2_to_http1_in_cleartext(catalogue: Catalogue) -> None:
    found = cell(catalogue, "granian-asgi", "alb", "h2")
    assert found.hops == (
        PlannedHop("client", "proxy", Leg(Protocol.H2, Transport.TLS)),
        PlannedHop("proxy", "server", Leg(Protocol.HTTP1, Transport.CLEARTEXT)),
    )
    assert (found.downgraded, found.origin_protocol, found.listener) == (True, Protocol.HTTP1, Transport.CLEARTEXT)


def test_alb_does_not_downgrade_http1(catalogue: Catalogue) -> None:
    assert not cell(catalogue, "granian-asgi", "alb", "http/1.1").downgraded


def test_only_alb_downgrades(everything: Plan) -> None:
    downgraded = {(c.combination.topology, c.combination.client_protocol) for c in everything.cells if c.downgraded}
    assert downgraded == {("alb", ClientProtocol.H2)}


def test_only_http2optional_needs_a_client_that_offers_h2_alone(everything: Plan) -> None:
    alone = {(c.combination.topology, c.combination.client_protocol) for c in everything.cells if c.h2_alone}
    assert alone == {("nlb-tls-http2optional", ClientProtocol.H2)}


def test_http3_exists_only_direct(everything: Plan) -> None:
    found = {c.combination.topology for c in everything.cells if c.combination.client_protocol is ClientProtocol.H3}
    assert found == {"direct"}


def test_meinheld_has_no_cell_with_tls_at_the_server(everything: Plan) -> None:
    found = {c.listener for c in everything.cells if c.combination.server == "gunicorn-meinheld"}
    assert found == {Transport.CLEARTEXT}


def test_the_full_matrix_contains_every_other_matrix(plans: dict[str, Plan]) -> None:
    ids = {name: {c.id for c in plan.cells if not c.combination.replica} for name, plan in plans.items()}
    left_out = {name: found - ids["full"] for name, found in ids.items()}
    assert {name: missing for name, missing in left_out.items() if missing} == {}


def test_no_matrix_is_empty(plans: dict[str, Plan]) -> None:
    assert all(plan.cells for plan in plans.values())


@pytest.mark.parametrize("pairs", [0, 1, 2, 5])
def test_aa_pairs_are_copies_of_cells_spread_over_the_plan(catalogue: Catalogue, pairs: int) -> None:
    plan = planned(catalogue, matrix(aa_pairs=pairs))
    cells = [c for c in plan.cells if not c.combination.replica]
    replicas = plan.cells[len(cells) :]
    originals = [c.id for c in cells]
    assert all(c.id.endswith("/ceiling+1") for c in replicas)
    positions = [originals.index(c.id.removesuffix("+1")) for c in replicas]
    step = len(cells) / pairs if pairs else 0
    assert positions == [int((i + 0.5) * step) for i in range(pairs)]
    assert [c.hops for c in replicas] == [cells[position].hops for position in positions]


def test_there_are_no_more_pairs_than_cells(catalogue: Catalogue) -> None:
    plan = planned(catalogue, matrix(("granian-asgi",), topologies=("direct",), protocols=("h2",), aa_pairs=9))
    assert [c.id for c in plan.cells] == [
        "granian-asgi/bare-asgi/direct/h2/ceiling",
        "granian-asgi/bare-asgi/direct/h2/ceiling+1",
    ]


@pytest.mark.parametrize("field", ["servers", "apps", "topologies", "protocols", "profiles"])
@pytest.mark.parametrize("name", ["nobody", "nobody*"])
def test_an_unknown_name_in_the_matrix_is_refused(catalogue: Catalogue, field: str, name: str) -> None:
    with pytest.raises(InputError) as raised:
        planned(catalogue, matrix(**{field: (name,)}))  # type: ignore[arg-type]
    message = str(raised.value)
    assert message.startswith(f"matrix mine: {field}: {name!r} matches nothing; expected one of ")
    assert message.splitlines() == [message]
