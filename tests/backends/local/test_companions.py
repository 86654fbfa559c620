"""Companions of a local stack: proved by work done, watched, counted, and ended with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.cells import cell_of
from support.command import processes_naming
from support.programs import require_programs
from topolab.backends.local.backend import LocalBackend
from topolab.backends.local.proxies import find_proxies
from topolab.backends.local.stack import LocalStack
from topolab.catalogue import Catalogue, load_catalogue
from topolab.errors import StageError
from topolab.fetch import Response
from topolab.model.cell import Cell
from topolab.model.measurement import Measurement
from topolab.model.outcome import Failed, Stage
from topolab.model.protocol import ClientProtocol
from topolab.process import guard
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessGroup, ProcessKeeper
from topolab.process.usage import members
from topolab.runner.observe import observe

APP = "django-celery"
PROGRAM = "redis-server"
TIMEOUT_S = 10.0
AT_ONCE = 24


@pytest.fixture(autouse=True)
def programs() -> None:
    require_programs([PROGRAM])


@contextmanager
def stack_of(catalogue: Catalogue, backend: LocalBackend, server: str = "gunicorn-sync") -> Iterator[LocalStack]:
    with backend.stack(cell_of(catalogue, "alb", ClientProtocol.H2, server, app=APP)) as stack:
        yield stack


def result_of(stack: LocalStack, answer: Response) -> Response:
    """Poll a 202's location until the result is there; the test run has the deadline."""
    while answer.status == 202:
        answer = stack.fetch(answer.headers["location"], TIMEOUT_S)
    return answer


def parts_of(stack: LocalStack) -> dict[str, ProcessGroup]:
    return {group.name: group for group in (stack.server, *stack.companions)}


def test_a_sync_worker_answers_while_handed_over_messages_wait(catalogue: Catalogue, backend: LocalBackend) -> None:
    with stack_of(catalogue, backend) as stack:
        long = [stack.fetch(f"/message/{index}?delay=30", TIMEOUT_S) for index in range(AT_ONCE)]
        assert stack.fetch("/query?id=x", TIMEOUT_S).status == 200
        short = result_of(stack, stack.fetch("/message/short?delay=0.1", TIMEOUT_S))
        still = [stack.fetch(answer.headers["location"], TIMEOUT_S) for answer in long]
    assert json.loads(short.body) == {"text": "spam, egg, spam and spam!, short!"}
    assert [answer.status for answer in (*long, *still)] == [202] * 2 * AT_ONCE


def test_every_message_is_answered_through_the_edge(catalogue: Catalogue, backend: LocalBackend) -> None:
    with stack_of(catalogue, backend) as stack:
        handed_over = [stack.fetch(f"/message/{index}?delay=0.5", TIMEOUT_S) for index in range(AT_ONCE)]
        texts = [json.loads(result_of(stack, answer).body)["text"] for answer in handed_over]
    assert texts == [f"spam, egg, spam and spam!, {index}!" for index in range(AT_ONCE)]


def test_each_part_has_its_argv_and_its_log(catalogue: Catalogue, backend: LocalBackend) -> None:
    with stack_of(catalogue, backend) as stack:
        argv, log = stack.argv, stack.log_tail()
    assert list(argv) == ["server", "broker", "task-worker", "proxy"]
    assert (argv["broker"][0], argv["task-worker"][1:3]) == (PROGRAM, ("-m", "celery"))
    assert "[broker]\n" in log
    assert "Ready to accept connections" in log
    assert "[task-worker]\n" in log


def test_the_companions_work_counts_as_the_servers_usage(catalogue: Catalogue, backend: LocalBackend) -> None:
    with stack_of(catalogue, backend) as stack:
        before = stack.server_usage()
        for group in stack.companions:
            assert members(group.pgid)
        for index in range(AT_ONCE):
            result_of(stack, stack.fetch(f"/message/{index}?delay=0", TIMEOUT_S))
        after = stack.server_usage()
        for name in ("server", "broker", "task-worker"):
            (peak,) = [line for line in _status(parts_of(stack)[name]) if line.startswith("VmHWM")]
            assert after is not None
            assert after.memory_peak_bytes is not None
            assert after.memory_peak_bytes > int(peak.split()[1]) * 1024
    assert before is not None
    assert after.cpu_s > before.cpu_s


def _status(group: ProcessGroup) -> list[str]:
    return (Path("/proc") / str(group.pgid) / "status").read_text().splitlines()


def test_a_stack_is_removed_completely(catalogue: Catalogue, backend: LocalBackend) -> None:
    with stack_of(catalogue, backend) as stack:
        groups = parts_of(stack)
        port = stack.argv["broker"][4]
        assert processes_naming(f"127.0.0.1:{port}")
    assert [members(group.pgid) for group in groups.values()] == [[], [], []]
    assert processes_naming(f"127.0.0.1:{port}") == []


@pytest.mark.parametrize("name", ["broker", "task-worker"])
def test_a_companion_lost_during_the_load_fails_the_cell_by_name(
    name: str, catalogue: Catalogue, backend: LocalBackend
) -> None:
    started: list[LocalStack] = []

    class Watched:
        name = "watched"

        @contextmanager
        def stack(self, cell: Cell) -> Iterator[LocalStack]:
            with backend.stack(cell) as stack:
                started.append(stack)
                yield stack

    def measure(*_given: object) -> Measurement:
        lost = parts_of(started[0])[name].leader
        lost.kill()
        lost.wait()
        raise StageError(Stage.LOAD, "the load came to nothing")

    cell = cell_of(catalogue, "alb", ClientProtocol.H2, "gunicorn-sync", app=APP)
    observation, _ = observe(cell, 1, Watched(), catalogue.profiles["ceiling"], measure)
    assert isinstance(observation.outcome, Failed)
    expected = (Stage.LOAD, f"the load came to nothing; the {name} was ended by signal 9")
    assert (observation.outcome.stage, observation.outcome.message) == expected


def test_a_missing_broker_is_reported_at_once(catalogue: Catalogue, backend: LocalBackend) -> None:
    with stack_of(catalogue, backend) as stack:
        location = stack.fetch("/message/1?delay=30", TIMEOUT_S).headers["location"]
        broker = parts_of(stack)["broker"]
        broker.leader.kill()
        broker.leader.wait()
        answers = [stack.fetch(path, TIMEOUT_S) for path in ("/message/2?delay=0", location, "/query?id=x")]
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert json.loads(answers[0].body)["detail"].startswith("the broker does not answer: ")


Changed = Callable[..., tuple[Catalogue, LocalBackend]]


@pytest.fixture
def changed(tmp_path: Path, keeper: ProcessKeeper) -> Iterator[Changed]:
    """A catalogue with a text in the app's declaration replaced, and a backend for it."""
    with ExitStack() as backends:

        def replaced(old: str, new: str, start_timeout_s: float | None = None) -> tuple[Catalogue, LocalBackend]:
            root = catalogue_root(tmp_path / "catalogue", {}, copied=("servers", "apps"))
            toml = root / "apps" / APP / "app.toml"
            assert old in toml.read_text()
            toml.write_text(toml.read_text().replace(old, new))
            catalogue = replace(load_catalogue(root), start_timeout_override_s=start_timeout_s)
            backend = LocalBackend(catalogue, find_proxies(catalogue), keeper, CpuLayout(None, None, None))
            return catalogue, backends.enter_context(backend)

        yield replaced


def test_a_companion_that_ends_at_once_is_reported_with_its_last_output(
    changed: Changed,
) -> None:
    catalogue, backend = changed('"--protected-mode", "no"', '"--protected-mode", "perhaps"')
    with pytest.raises(StageError) as raised, stack_of(catalogue, backend):
        pass
    assert (raised.value.stage, raised.value.message) == (
        Stage.START,
        "the broker ended with exit code 1 before it answered",
    )
    assert "perhaps" in raised.value.log


def test_a_companion_that_moves_to_the_background_is_refused_and_ended(changed: Changed, keeper: ProcessKeeper) -> None:
    # Redis overwrites its environment with its title.
    catalogue, backend = changed('"--daemonize", "no"', '"--daemonize", "yes"')
    before = set(guard.marked(keeper.marks))
    with pytest.raises(StageError) as raised, stack_of(catalogue, backend):
        pass
    assert raised.value.stage is Stage.START
    assert raised.value.message.removesuffix(" before it answered") == (
        "the broker moved to the background (it must stay in the foreground: remove options such as --daemon)"
    )
    assert set(guard.marked(keeper.marks)) <= before


def test_a_task_worker_that_takes_no_work_is_given_up_at_the_deadline(changed: Changed) -> None:
    catalogue, backend = changed('"--without-gossip"', '"--queues", "another", "--without-gossip"', start_timeout_s=3.0)
    with pytest.raises(StageError) as raised, stack_of(catalogue, backend):
        pass
    assert raised.value.stage == Stage.READY
    assert raised.value.message.startswith("no good answer from the broker and task-worker within 3 s: /result/")
    assert raised.value.message.endswith(" was answered with status 202; allow more with --start-timeout")
