"""Proof of the hops where the driver cannot see everything; a fake stack answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest

from support.made_run import MEASUREMENT, cell
from topolab.errors import StageError
from topolab.fetch import Response
from topolab.model.measurement import Measurement
from topolab.model.outcome import Failed, GroupUsage, Measured, Observation, Stage
from topolab.model.profile import CountLoad, Lanes, LoadProfile
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target, Workplace
from topolab.runner.observe import observe

CELL = cell(profile="counted")
PROFILE = CountLoad(
    name="counted", summary="c", kind="count", driver="h2load", path="/", body="", http1=Lanes(4),
    multiplexed=Lanes(4), requests=1000,
)  # fmt: skip
BLIND = replace(MEASUREMENT, finish_seconds=1.0, origin_protocols=None, origin_connections=None, series=())


class MadeStack:
    """Answers each proof with the next of `answers`: the protocol on the client's hop, and the version the app saw."""

    edge = Target("127.0.0.1", 1, ClientProtocol.H2)
    server_start_s = 0.25
    argv: Mapping[str, tuple[str, ...]] = {"server": ("spam",)}

    def __init__(self, answers: list[tuple[str, str]]) -> None:
        self.answers = answers

    def workplace(self, driver: str) -> Workplace:
        return Workplace((), str(driver), "")

    def fetch(self, path: str, timeout_s: float) -> Response:  # noqa: ARG002
        protocol, version = self.answers.pop(0)
        return Response(status=200, protocol=protocol, headers={"x-origin-http-version": version}, body=b"")

    def server_usage(self) -> GroupUsage | None:
        return None

    def proxy_usage(self) -> GroupUsage | None:
        return None

    def log_tail(self) -> str:
        return "the server's last words"

    def trouble(self) -> str:
        return ""


class MadeBackend:
    name = "made"

    def __init__(self, *answers: tuple[str, str]) -> None:
        self.made = MadeStack(list(answers))

    @contextmanager
    def stack(self, of: object) -> Iterator[MadeStack]:  # noqa: ARG002
        yield self.made


def observed(
    backend: MadeBackend, measurement: Measurement | StageError, files: Mapping[str, bytes] | None = None
) -> tuple[Observation, dict[str, bytes]]:
    """Observe `CELL` in its second round, with a driver that returns `measurement` and `files`."""

    def measure(
        target: Target,  # noqa: ARG001
        workplace: Workplace,  # noqa: ARG001
        profile: LoadProfile,  # noqa: ARG001
        on_warm: Callable[[], None],
        on_loaded: Callable[[], None],
        keep: Callable[[str, bytes], None],
    ) -> Measurement:
        on_warm()
        on_loaded()
        for name, content in (files or {}).items():
            keep(name, content)
        if isinstance(measurement, StageError):
            raise measurement
        return measurement

    return observe(CELL, 2, backend, PROFILE, measure)


def test_without_headers_the_proof_is_repeated_after_the_load() -> None:
    backend = MadeBackend(("h2", "2"), ("h2", "2"))

    outcome = observed(backend, BLIND)[0].outcome

    assert isinstance(outcome, Measured)
    assert backend.made.answers == []


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (("h2", "1.1"), "the server's hop spoke http/1.1, not h2 as planned"),
        (("http/1.1", "2"), "the client's hop spoke http/1.1, not h2 as planned"),
    ],
)
def test_a_protocol_that_changes_during_the_load_fails_the_load(after: tuple[str, str], message: str) -> None:
    outcome = observed(MadeBackend(("h2", "2"), after), BLIND)[0].outcome
    assert outcome == Failed(Stage.LOAD, message, "the server's last words", BLIND)


def test_with_every_header_seen_one_proof_is_enough() -> None:
    backend = MadeBackend(("h2", "2"))
    assert isinstance(observed(backend, MEASUREMENT)[0].outcome, Measured)
    assert backend.made.answers == []


def test_a_counted_load_without_a_figure_fails_as_incomplete() -> None:
    measurement = replace(
        BLIND, good_responses=990, bad_responses={"not answered": 10}, requests_per_second=None, finish_seconds=None
    )
    outcome = observed(MadeBackend(("h2", "2")), measurement)[0].outcome
    assert outcome == Failed(
        Stage.LOAD, "the load was not completed: 10 not answered", "the server's last words", measurement
    )


def test_the_clients_hop_has_the_protocol_of_the_load_itself() -> None:
    measurement = replace(BLIND, client_protocols={"http/1.1": 1000})
    outcome = observed(MadeBackend(("h2", "2"), ("h2", "2")), measurement)[0].outcome
    assert isinstance(outcome, Failed)
    assert outcome.message == "the client's hop spoke http/1.1, not h2 as planned"


@pytest.mark.parametrize("fails", [False, True])
def test_the_tools_files_are_kept_per_cell_and_round_even_after_a_failure(fails: bool) -> None:
    result = StageError(Stage.LOAD, "no spam") if fails else BLIND
    written = {"h2load.txt": b"spam", "h2load-requests.tsv": b""}

    observation, files = observed(MadeBackend(("h2", "2"), ("h2", "2")), result, written)

    place = f"raw/{CELL.id}/round-2"
    assert files == {f"{place}/h2load.txt": b"spam", f"{place}/h2load-requests.tsv": b""}
    assert observation.files == tuple(files)
    assert isinstance(observation.outcome, Failed) is fails
