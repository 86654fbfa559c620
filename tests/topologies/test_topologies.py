"""Each topology treats a request like its AWS original, as seen by app and client."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from topolab.backends import Stack
from topolab.backends.local.backend import LocalBackend
from topolab.catalogue import Catalogue
from topolab.fetch import FetchError, fetch
from topolab.model.cell import Cell
from topolab.model.matrix import Matrix, Selection
from topolab.model.protocol import ClientProtocol, Protocol
from topolab.model.target import EDGE_NAME
from topolab.plan import Filters, make_plan

SERVER = "hypercorn-asyncio"
TIMEOUT_S = 10.0


def cell_of(catalogue: Catalogue, topology: str, protocol: ClientProtocol, server: str = SERVER) -> Cell:
    selection = Selection(
        servers=(server,), apps=("bare",), topologies=(topology,), protocols=(protocol.value,), profiles=("ceiling",)
    )
    matrix = Matrix(name="one", summary="one cell", rounds=1, select=(selection,))
    plan = make_plan(matrix, catalogue, Filters(), {})
    assert len(plan.cells) == 1, plan.skips
    return plan.cells[0]


def routes(catalogue: Catalogue) -> Iterator[tuple[str, ClientProtocol]]:
    for topology in catalogue.topologies.values():
        for route in topology.routes:
            yield topology.name, route.client


@contextmanager
def standing(backend: LocalBackend, cell: Cell) -> Iterator[Stack]:
    with backend.stack(cell) as stack:
        yield stack


def test_every_route_uses_its_declared_protocol_on_each_hop(catalogue: Catalogue, backend: LocalBackend) -> None:
    seen, planned = {}, {}
    for topology, client in routes(catalogue):
        cell = cell_of(catalogue, topology, client)
        planned[topology, client.value] = (client.protocol.value, cell.origin_protocol.number, 200)
        with standing(backend, cell) as stack:
            answer = fetch(stack.edge, "/query?id=x", TIMEOUT_S)
        version = answer.headers["x-origin-http-version"]
        seen[topology, client.value] = (answer.protocol, version, answer.status)
    assert seen == planned


@pytest.mark.parametrize(
    ("topology", "client"),
    [("alb", ClientProtocol.HTTP1), ("alb", ClientProtocol.H2), ("alb-http2", ClientProtocol.H2)],
)
def test_an_alb_sends_its_forwarding_headers(
    topology: str, client: ClientProtocol, catalogue: Catalogue, backend: LocalBackend
) -> None:
    with standing(backend, cell_of(catalogue, topology, client)) as stack:
        seen = json.loads(fetch(stack.edge, "/hop", TIMEOUT_S).body)
    trace = seen["forwarding_headers"].pop("x-amzn-trace-id")
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", trace)
    assert seen["forwarding_headers"] == {
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "https",
        "x-forwarded-port": str(stack.edge.port),
    }


def test_an_nlb_sends_no_forwarding_headers(catalogue: Catalogue, backend: LocalBackend) -> None:
    with standing(backend, cell_of(catalogue, "nlb-tcp", ClientProtocol.H2)) as stack:
        seen = json.loads(fetch(stack.edge, "/hop", TIMEOUT_S).body)
    assert seen["forwarding_headers"] == {}


def test_an_http11_client_of_an_http2_target_group_gets_464(catalogue: Catalogue, backend: LocalBackend) -> None:
    with standing(backend, cell_of(catalogue, "alb-http2", ClientProtocol.H2)) as stack:
        answer = fetch(replace(stack.edge, client_protocol=ClientProtocol.HTTP1), "/query?id=x", TIMEOUT_S)
    assert answer.status == 464


def test_an_alb_reaches_an_http2_target_over_tls_where_it_has_no_h2c(
    catalogue: Catalogue, backend: LocalBackend
) -> None:
    server = catalogue.candidates[SERVER].server
    listeners = dict(server.variants[0].listeners)
    cleartext = next(t for t in listeners if not t.encrypted)
    listeners[cleartext] = replace(listeners[cleartext], protocols=(Protocol.HTTP1,))
    variant = replace(server.variants[0], listeners=listeners)
    only_tls = replace(catalogue.candidates[SERVER], variant=variant)
    altered = replace(catalogue, candidates={SERVER: only_tls})
    cell = cell_of(altered, "alb-http2", ClientProtocol.H2)
    assert cell.listener.encrypted
    with standing(backend, cell) as stack:
        seen = json.loads(fetch(stack.edge, "/hop", TIMEOUT_S).body)
    assert seen["http_version"] == "2"


ALPN_OFFERS = (("h2", "http/1.1"), ("http/1.1", "h2"), ("h2",), ("http/1.1",), ())


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [
        ("http2preferred", ["h2", "h2", "h2", "http/1.1", None]),
        ("http2optional", ["http/1.1", "http/1.1", "h2", "http/1.1", None]),
        ("http1only", ["http/1.1", "http/1.1", "refused", "http/1.1", None]),
        ("http2only", ["h2", "h2", "h2", "refused", None]),
        ("none", [None, None, None, None, None]),
    ],
)
def test_an_alpn_policy_uses_its_own_order_of_preference(
    policy: str, chosen: list[str | None], catalogue: Catalogue, backend: LocalBackend
) -> None:
    topology = catalogue.topologies[f"nlb-tls-{policy}"]
    with standing(backend, cell_of(catalogue, topology.name, topology.routes[0].client)) as stack:
        edge = stack.edge
        assert [negotiated(edge.port, str(edge.ca_file), offer) for offer in ALPN_OFFERS] == chosen


def negotiated(port: int, ca_file: str, offer: tuple[str, ...]) -> str | None:
    context = ssl.create_default_context(cafile=ca_file)
    if offer:
        context.set_alpn_protocols(list(offer))
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as raw,
            context.wrap_socket(raw, server_hostname=EDGE_NAME) as secured,
        ):
            return secured.selected_alpn_protocol()
    except ssl.SSLError as error:
        if "no application protocol" in str(error):
            return "refused"
        raise


def test_an_alb_answers_502_when_its_target_is_gone(catalogue: Catalogue, backend: LocalBackend) -> None:
    from topolab.backends.local.stack import LocalStack

    with backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2)) as stack:
        assert isinstance(stack, LocalStack)
        stack.server.leader.kill()
        stack.server.leader.wait()
        backend.keeper.end(stack.server)
        assert fetch(stack.edge, "/query?id=x", TIMEOUT_S).status == 502


def test_websockets_pass_an_alb_by_http11_upgrade(catalogue: Catalogue, backend: LocalBackend) -> None:
    from websockets.sync.client import connect

    with standing(backend, cell_of(catalogue, "alb", ClientProtocol.HTTP1)) as stack:
        context = ssl.create_default_context(cafile=str(stack.edge.ca_file))
        address = ("127.0.0.1", stack.edge.port)
        with (
            socket.create_connection(address) as raw,
            connect(f"wss://{EDGE_NAME}:{stack.edge.port}/ws/echo", sock=raw, ssl=context, proxy=None) as ws,
        ):
            ws.send("spam")
            assert ws.recv(timeout=TIMEOUT_S) == "spam"


def test_a_stream_reaches_the_client_chunk_by_chunk_through_an_alb(catalogue: Catalogue, backend: LocalBackend) -> None:
    from http.client import HTTPSConnection

    with standing(backend, cell_of(catalogue, "alb", ClientProtocol.HTTP1)) as stack:
        context = ssl.create_default_context(cafile=str(stack.edge.ca_file))
        context.check_hostname = False  # http.client cannot name one host and connect to another
        connection = HTTPSConnection("127.0.0.1", stack.edge.port, context=context, timeout=TIMEOUT_S)
        connection.request("GET", "/stream?chunks=2&interval=5", headers={"host": EDGE_NAME})
        answer = connection.getresponse()
        first = answer.read1()
        connection.close()
    # The second chunk is still seconds away: a buffering proxy would have passed on both or none.
    assert first == b"chunk 0\n"


def test_a_stack_that_is_unreachable_over_its_protocol_fails_with_a_reason(
    catalogue: Catalogue, backend: LocalBackend
) -> None:
    with standing(backend, cell_of(catalogue, "nlb-tls-http2only", ClientProtocol.H2)) as stack:
        http1 = replace(stack.edge, client_protocol=ClientProtocol.HTTP1)
        with pytest.raises(FetchError, match=r"(?i)alert|handshake|protocol"):
            fetch(http1, "/query?id=x", TIMEOUT_S)
