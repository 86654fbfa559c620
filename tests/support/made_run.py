"""A made-up run: cells, their outcomes, and the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from topolab.catalogue import load_catalogue
from topolab.drivers.registry import drivers
from topolab.model.cell import Cell, Plan, PlannedHop, Skip
from topolab.model.combination import Combination
from topolab.model.measurement import Measurement
from topolab.model.outcome import Failed, GroupUsage, Measured, Observation, Outcome, SeenHop, Stage, Timings
from topolab.model.profile import ClosedLoad, CountLoad, Lanes, LoadProfile, MixedLoad, OpenLoad, PageLoad, SlowPart
from topolab.model.protocol import ClientProtocol, Protocol, Transport
from topolab.model.run import RunRecord
from topolab.model.server import Interface
from topolab.model.topology import Leg

TOPOLOGIES = load_catalogue(Path(__file__).parents[2]).topologies
BODY = '{"text":"spam, egg, spam and spam!, topolab!"}'
_LANES: dict[str, Any] = {
    "driver": "curl",
    "path": "/query?id=topolab",
    "body": BODY,
    "http1": Lanes(32),
    "multiplexed": Lanes(4, 8),
}
PROFILES: dict[str, LoadProfile] = {
    "ceiling": ClosedLoad(name="ceiling", summary="c", kind="closed", warm_up_s=0.25, duration_s=1.0, **_LANES),
    "steady": OpenLoad(
        name="steady", summary="o", kind="open", warm_up_s=0.5, duration_s=3.0, rate_per_s=500.0, **_LANES
    ),
    "mixed": MixedLoad(
        name="mixed",
        summary="m",
        kind="mixed",
        warm_up_s=0.5,
        duration_s=4.0,
        rate_per_s=100.0,
        slow=SlowPart(path="/message/{i}?delay=1", body="{i}", in_flight=16, spread_s=1.0),
        **_LANES,
    ),
    "page-24": PageLoad(name="page-24", summary="p", kind="page", requests=24, **_LANES),
    **{
        name: CountLoad(
            name=name,
            summary="c",
            kind="count",
            driver="h2load",
            path="/query?id=topolab",
            body=BODY,
            requests=100,
            http1=Lanes(10, streams),
            multiplexed=Lanes(10, streams),
        )
        for name, streams in (("counted", 1), ("counted-m5", 5))
    },
}


def cell(
    server: str = "hypercorn-uvloop",
    topology: str = "direct",
    protocol: ClientProtocol = ClientProtocol.H2,
    profile: str = "ceiling",
    replica: int = 0,
) -> Cell:
    """A cell of the `bare` app: behind a proxy in HTTP/1.1 cleartext, like an ALB, or direct."""
    combination = Combination(
        server=server,
        app="bare",
        interface=Interface.ASGI,
        topology=topology,
        client_protocol=protocol,
        profile=profile,
        replica=replica,
    )
    edge = Leg(protocol.protocol, protocol.transport)
    if topology == "direct":
        return Cell(combination=combination, hops=(PlannedHop("client", "server", edge),))
    inner = PlannedHop("proxy", "server", Leg(Protocol.HTTP1, Transport.CLEARTEXT))
    return Cell(combination=combination, hops=(PlannedHop("client", "proxy", edge), inner))


def skip(server: str = "gunicorn-sync", topology: str = "direct") -> Skip:
    return Skip(cell(server, topology).combination, f"{server} does not speak HTTP/2: a direct hop would be HTTP/1.1")


MEASUREMENT = Measurement(
    seconds=1.0,
    good_responses=1000,
    bad_responses={},
    responses_in_window=1000,
    requests_per_second=1000.0,
    client_cpu_s=0.5,
    client_wall_s=1.0,
    client_connections=4,
    client_protocols={"h2": 1000},
    origin_protocols={"h2": 1000},
    origin_connections=4,
    series=(100,) * 10,
)
USAGE = GroupUsage(cpu_s=0.9, memory_peak_bytes=50 * 2**20)


def measured(of: Cell, connections: Sequence[int | None] = (4, 32), **changes: Any) -> Measured:
    """A successful outcome with these changes to the measurement, and a proxy's usage where there is one."""
    hops = tuple(
        SeenHop(
            source=hop.source,
            target=hop.target,
            protocol=hop.leg.protocol.value,
            tls=hop.leg.transport.encrypted,
            connections=count,
        )
        for hop, count in zip(of.hops, connections, strict=False)
    )
    proxy = GroupUsage(cpu_s=0.2, memory_peak_bytes=9 * 2**20) if len(hops) > 1 else None
    return Measured(measurement=replace(MEASUREMENT, **changes), hops=hops, server_usage=USAGE, proxy_usage=proxy)


def mixed(of: Cell, p99_ms: float, **changes: Any) -> Measured:
    """400 fast requests in 4 s and 100 slow ones, all good except for the changes."""
    seen: dict[str, Any] = {
        "seconds": 4.0, "good_responses": 400, "responses_in_window": 400, "offered_requests": 400,
        "requests_per_second": 100.0, "p50_ms": 1.0, "p90_ms": 2.0, "p99_ms": p99_ms,
        "slow_responses": 100, "slow_requests_per_second": 16.0,
    }  # fmt: skip
    return measured(of, **seen | changes)


def page(of: Cell, seconds: float) -> Measured:
    return measured(
        of, seconds=seconds, good_responses=24, responses_in_window=24, requests_per_second=None, page_seconds=seconds,
        series=(),
    )  # fmt: skip


def counted(of: Cell, seconds: float) -> Measured:
    """100 requests by h2load, which sees no headers."""
    return measured(
        of, seconds=seconds, good_responses=100, responses_in_window=100, requests_per_second=100 / seconds,
        finish_seconds=seconds, origin_protocols=None, series=(), p50_ms=1.0, p90_ms=2.0, p99_ms=3.0,
    )  # fmt: skip


FAILURE = Failed(Stage.READY, "no answer within 10 s", "Traceback (most recent call last):\nOSError: [Errno 98] in use")


def observation(of: Cell, number: int, outcome: Outcome) -> Observation:
    return Observation(
        cell_id=of.id,
        round=number,
        outcome=outcome,
        timings=Timings(server_start_s=0.4, warm_up_s=0.25, load_s=1.0, total_s=2.0),
        argv={"server": ("python", "-m", "x", "--bind", "127.0.0.1:1"), "proxy": ("nginx",)},
    )


def rounds(of: Cell, *outcomes: Outcome) -> list[Observation]:
    """One outcome per round, from the first round."""
    return [observation(of, number, outcome) for number, outcome in enumerate(outcomes, start=1)]


def rates(of: Cell, *requests_per_second: float, **changes: Any) -> list[Observation]:
    """A measured round for each rate."""
    return rounds(of, *(measured(of, requests_per_second=rate, **changes) for rate in requests_per_second))


def record(cells: Sequence[Cell], skips: Sequence[Skip] = (), number_of_rounds: int = 3) -> RunRecord:
    return RunRecord(
        id="20261124-120000-mine",
        started="2026-11-24T12:00:00+00:00",
        seed=7,
        rounds=number_of_rounds,
        backend="local",
        matrix="mine",
        environment={"cpu": "a fast one", "cores": 2, "packages": {"x": "1.0"}, "argv": ["topolab"], "nginx": None},
        plan=Plan(tuple(cells), tuple(skips)),
        profiles=PROFILES,
        topologies={name: topology.record for name, topology in TOPOLOGIES.items()},
        drivers={name: driver.record for name, driver in drivers().items()},
    )
