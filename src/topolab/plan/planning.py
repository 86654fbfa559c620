"""Matrix and catalogue to an ordered plan of cells and skips. Pure: the same input gives the same plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from topolab.catalogue import Candidate, Catalogue
from topolab.model.cell import Cell, Plan, PlannedHop, Skip
from topolab.model.combination import APP, PROFILE, PROTOCOL, SERVER, TOPOLOGY, Combination, Dimension, Value, settings
from topolab.model.matrix import Matrix, Selection
from topolab.model.protocol import ClientProtocol, Protocol
from topolab.model.server import App, Interface, listener_name
from topolab.model.topology import Leg, Route, Topology
from topolab.plan.filters import Filters, matching


def make_plan(
    matrix: Matrix,
    catalogue: Catalogue,
    filters: Filters,
    unavailable: Mapping[str, str],
) -> Plan:
    """The cells of `matrix` that pass `filters`, and a skip with its reason for each that cannot exist.

    `unavailable` maps the name of a candidate, a listener, a topology, an app or a driver to the reason it cannot run
    here.
    Raises `InputError` for a name in the matrix that the catalogue does not know.
    """
    cells: dict[str, Cell] = {}
    skips: dict[str, Skip] = {}
    for selection in matrix.select:
        for combination in _combinations(selection, matrix, catalogue):
            if combination.id in cells or combination.id in skips or not filters.accept(combination):
                continue
            planned = _resolve(combination, catalogue, unavailable)
            if isinstance(planned, Cell):
                cells[combination.id] = planned
            else:
                skips[combination.id] = planned
    replicas = _replicas(tuple(cells.values()), matrix.aa_pairs)
    return Plan((*cells.values(), *replicas), tuple(skips.values()))


def _combinations(selection: Selection, matrix: Matrix, catalogue: Catalogue) -> Iterator[Combination]:
    def chosen(dimension: Dimension, globs: tuple[str, ...]) -> list[str]:
        return matching(globs, dimension.names(catalogue) or {}, f"matrix {matrix.name}", dimension.plural)

    servers, apps = chosen(SERVER, selection.servers), chosen(APP, selection.apps)
    topologies = chosen(TOPOLOGY, selection.topologies)
    protocols = chosen(PROTOCOL, selection.protocols)
    profiles = chosen(PROFILE, selection.profiles)
    varied = list(_settings(selection))
    for server, app in product(servers, apps):
        for interface in _interfaces(catalogue.candidates[server], catalogue.apps[app]):
            for topology, protocol, profile, values in product(topologies, protocols, profiles, varied):
                yield Combination(
                    server=server,
                    app=app,
                    interface=interface,
                    topology=topology,
                    client_protocol=ClientProtocol(protocol),
                    profile=profile,
                    settings=values,
                )


def _settings(selection: Selection) -> Iterator[dict[str, Value]]:
    """Every combination of the settings' values, as far as they are not the default."""
    known = settings()
    for values in product(*(selection.settings.get(setting.key, (setting.default,)) for setting in known)):
        pairs = zip(known, values, strict=True)
        yield {setting.key: value for setting, value in pairs if value != setting.default}


def _interfaces(candidate: Candidate, app: App) -> tuple[Interface, ...]:
    """The interfaces both sides have; the variant's first where there is none, for the skip to name."""
    shared = tuple(i for i in candidate.variant.interfaces if i in app.entrypoints)
    return shared or candidate.variant.interfaces[:1]


def _resolve(combination: Combination, catalogue: Catalogue, unavailable: Mapping[str, str]) -> Cell | Skip:
    """The one decision of the plan. A combination is skipped, in this order, where

    - the server's packages, the proxy, what the app needs, or the load tool are not on this machine,
    - the app has no entry point for the variant's interface, or cannot wait by the variant's async library,
    - the load tool does not speak the client's protocol, its users chat over what the protocol or the app does not
      have, or the topology does not carry it, or not to a browser,
    - the server declares no listener for any leg the topology could reach it by, or that listener's packages are not
      on this machine.
    """
    candidate = catalogue.candidates[combination.server]
    app = catalogue.apps[combination.app]
    topology = catalogue.topologies[combination.topology]
    client = combination.client_protocol
    profile = catalogue.profiles[combination.profile]
    driver = profile.driver
    for name in (combination.server, combination.topology, combination.app, driver):
        if name in unavailable:
            return Skip(combination, unavailable[name])
    if combination.interface not in app.entrypoints:
        wanted = combination.interface.value.upper()
        return Skip(combination, f"{candidate.name} runs {wanted} apps, and {app.name} is none")
    library = candidate.variant.async_library
    if combination.interface is Interface.ASGI and library not in app.async_libraries:
        return Skip(combination, f"{candidate.name} runs apps on {library}, and {app.name} waits by another library")
    if refusal := catalogue.drivers[driver].refusals.get(client):
        return Skip(combination, f"{driver}: {refusal}")
    if refusal := profile.refusal(client.protocol, combination.interface):
        return Skip(combination, f"{profile.name}: {refusal}")
    route = topology.route(client)
    if route is None:
        return Skip(combination, f"{topology.name}: {topology.refusals[client]}")
    if route.h2_alone and (refusal := catalogue.drivers[driver].h2_alone_refusal):
        return Skip(combination, f"{topology.name}: {refusal}")
    leg = next((x for x in route.server if candidate.variant.speaks(x.protocol, x.transport)), None)
    if leg is None:
        return Skip(combination, _no_listener(candidate, topology, route))
    if (listener := listener_name(candidate.name, leg.transport)) in unavailable:
        return Skip(combination, unavailable[listener])
    return Cell(combination=combination, hops=_hops(topology, client, leg), h2_alone=route.h2_alone)


def _no_listener(candidate: Candidate, topology: Topology, route: Route) -> str:
    """Why no leg of the route meets a listener, told by the leg that the topology would like best."""
    leg = route.server[0]
    hop = f"the {topology.name} hop" if topology.proxied else "a direct hop"
    listener = candidate.variant.listeners.get(leg.transport)
    if leg.protocol is Protocol.H3:
        return f"{candidate.name} speaks no HTTP/3"
    if listener is None:
        what = "TLS" if leg.transport.encrypted else "cleartext"
        return f"{candidate.name} has no {what} listener: {hop} needs {leg.label}"
    over = "" if leg.transport.encrypted else " in cleartext"
    return f"{candidate.name} speaks no {leg.protocol.label}{over}: {hop} would be {listener.protocols[0].label}"


def _hops(topology: Topology, client: ClientProtocol, leg: Leg) -> tuple[PlannedHop, ...]:
    if not topology.proxied:
        return (PlannedHop("client", "server", leg),)
    edge = Leg(client.protocol, client.transport)
    return (PlannedHop("client", "proxy", edge), PlannedHop("proxy", "server", leg))


def _replicas(cells: tuple[Cell, ...], pairs: int) -> tuple[Cell, ...]:
    """Second copies of `pairs` cells spread evenly over the plan, so that they see different servers."""
    count = min(pairs, len(cells))
    chosen = (cells[(2 * i + 1) * len(cells) // (2 * count)] for i in range(count))
    return tuple(replace(cell, combination=replace(cell.combination, replica=1)) for cell in chosen)
