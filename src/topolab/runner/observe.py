"""Measures a cell once: a fresh stack, the proof of its hops, the load and the counters, returned as a value."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from topolab.backends import Backend, Stack
from topolab.errors import StageError
from topolab.fetch import FetchError
from topolab.model.cell import Cell
from topolab.model.contract import PROOF_PATH, VERSION_HEADER
from topolab.model.measurement import Measurement
from topolab.model.outcome import Failed, GroupUsage, Measured, Observation, Outcome, SeenHop, Stage, Timings
from topolab.model.profile import LoadProfile
from topolab.model.protocol import Protocol
from topolab.model.target import Target, Workplace
from topolab.process.usage import usage_between

_PROOF_TIMEOUT_S = 10.0

Measure = Callable[
    [Target, Workplace, LoadProfile, Callable[[], None], Callable[[], None], Callable[[str, bytes], None]], Measurement
]
"""A driver: target, workplace, profile, and what to call when warm, when loaded, and with each file of the tool."""


@dataclass
class _Clock:
    """The times and counters of one observation, filled in step by step."""

    begun: float = field(default_factory=time.monotonic)
    server_start_s: float = 0.0
    moments: dict[str, float] = field(default_factory=dict)
    usage: dict[str, tuple[GroupUsage | None, GroupUsage | None]] = field(default_factory=dict)
    argv: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def mark(self, name: str) -> None:
        self.moments[name] = time.monotonic()

    def timings(self) -> Timings:
        return Timings(
            server_start_s=self.server_start_s,
            warm_up_s=self._between("proved", "warm"),
            load_s=self._between("go", "loaded"),
            total_s=time.monotonic() - self.begun,
        )

    def _between(self, first: str, second: str) -> float:
        return self.moments[second] - self.moments[first] if second in self.moments else 0.0


def observe(
    cell: Cell, round_number: int, backend: Backend, profile: LoadProfile, measure: Measure
) -> tuple[Observation, dict[str, bytes]]:
    """Measure `cell` on its own stack. If that fails, the outcome is `Failed`.

    Return the observation, and the contents of the tool's files by the paths that the observation lists.
    """
    clock = _Clock()
    outcome: Outcome
    try:
        with backend.stack(cell) as stack:
            clock.server_start_s = stack.server_start_s
            clock.argv = dict(stack.argv)
            outcome = _on_stack(cell, stack, profile, measure, clock)
    except StageError as error:  # no stack came up, and all the time so far was spent waiting for it
        clock.server_start_s = time.monotonic() - clock.begun
        outcome = Failed(Stage(error.stage), error.message, error.log)
    files = {f"raw/{cell.id}/round-{round_number}/{name}": content for name, content in clock.files.items()}
    observation = Observation(
        cell_id=cell.id,
        round=round_number,
        outcome=outcome,
        timings=clock.timings(),
        argv=clock.argv,
        files=tuple(files),
    )
    return observation, files


def _on_stack(cell: Cell, stack: Stack, profile: LoadProfile, measure: Measure, clock: _Clock) -> Outcome:
    def read_usage(name: str) -> None:
        clock.usage[name] = (stack.server_usage(), stack.proxy_usage())

    def on_warm() -> None:
        clock.mark("warm")
        read_usage("before")
        clock.mark("go")

    def on_loaded() -> None:
        clock.mark("loaded")
        read_usage("after")

    measurement: Measurement | None = None
    try:
        _prove(cell, stack)
        clock.mark("proved")
        workplace = stack.workplace(profile.driver)
        measurement = measure(stack.edge, workplace, profile, on_warm, on_loaded, clock.files.__setitem__)
        _judge(cell, stack, measurement)
    except StageError as error:
        message = "; ".join(text for text in (error.message, stack.trouble()) if text)
        # What failed comes last: a terminal shows only the last lines.
        log = "\n".join(text for text in (stack.log_tail(), error.log) if text)
        return Failed(Stage(error.stage), message, log, measurement)
    before, after = clock.usage["before"], clock.usage["after"]
    return Measured(
        measurement=measurement,
        hops=_seen_hops(cell, measurement),
        server_usage=usage_between(before[0], after[0]),
        proxy_usage=usage_between(before[1], after[1]),
    )


def _prove(cell: Cell, stack: Stack, stage: Stage = Stage.PROVE) -> None:
    """Send one request through the edge, and check its status and the protocols that client and app saw."""
    try:
        response = stack.fetch(PROOF_PATH, _PROOF_TIMEOUT_S)
    except FetchError as error:
        raise StageError(stage, f"no answer through the edge: {error}") from error
    if response.status != 200:
        raise StageError(stage, f"{PROOF_PATH} was answered with status {response.status}, not 200")
    origin = response.headers.get(VERSION_HEADER)
    if origin is None:
        raise StageError(stage, f"the answer has no {VERSION_HEADER}; does the app follow the contract?")
    _same("client's hop", cell.combination.client_protocol.protocol, {response.protocol}, stage)
    _same("server's hop", cell.origin_protocol, {Protocol.from_origin_version(origin)}, stage)


def _judge(cell: Cell, stack: Stack, measurement: Measurement) -> None:
    """Refuse a measurement if the server ended, all answers were bad, or a hop used another protocol."""
    trouble = stack.trouble()
    if trouble:
        raise StageError(Stage.LOAD, "the stack did not survive the load")
    if not measurement.good_responses:
        raise StageError(Stage.LOAD, f"no good response: {_kinds(measurement)}")
    if measurement.slow_responses == 0:
        raise StageError(Stage.LOAD, f"no good response to a slow request: {_kinds(measurement)}")
    if measurement.page_seconds is None and measurement.requests_per_second is None:
        raise StageError(Stage.LOAD, f"the load was not completed: {_kinds(measurement)}")
    _same("client's hop", cell.combination.client_protocol.protocol, set(measurement.client_protocols), Stage.LOAD)
    if measurement.origin_protocols is None:
        # The load's responses did not show it, so send one more request, like the one before the load.
        _prove(cell, stack, Stage.LOAD)
    else:
        _same("server's hop", cell.origin_protocol, set(measurement.origin_protocols), Stage.LOAD)


def _kinds(measurement: Measurement) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in measurement.bad_responses.items()) or "no responses at all"


def _same(hop: str, planned: Protocol, seen: set[str], stage: Stage) -> None:
    if seen != {planned.value}:
        spoken = " and ".join(sorted(seen)) or "nothing"
        raise StageError(stage, f"the {hop} spoke {spoken}, not {planned.value} as planned")


def _seen_hops(cell: Cell, measurement: Measurement) -> tuple[SeenHop, ...]:
    """The planned hops, which have been proved: protocols were compared above, and transports were connected over.

    If the client's hop is encrypted, the client checked the certificate. The server's listener, which has only one
    transport, answered over the last hop before the load. A direct hop has one count, the client's.
    """
    counts = [measurement.client_connections, measurement.origin_connections][: len(cell.hops)]
    return tuple(
        SeenHop(
            source=hop.source,
            target=hop.target,
            protocol=hop.leg.protocol.value,
            tls=hop.leg.transport.encrypted,
            connections=count,
        )
        for hop, count in zip(cell.hops, counts, strict=True)
    )
