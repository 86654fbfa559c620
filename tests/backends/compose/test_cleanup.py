"""However a run ends, nothing of it is left on the engine, and nothing else is removed."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from support.command import SCRIPT, engine_of_this_machine, environment, processes_naming
from support.waiting import DEADLINE_S, SMALL, until
from topolab.backends.compose.images import proxy_image

pytestmark = pytest.mark.usefixtures("docker_site")  # the images are up to date

OWNER = "topolab.owner"


class Lab:
    """A run of the command on the machine's engine, and what the engine has of it."""

    def __init__(self, folder: Path, api: Any) -> None:
        self.folder = folder
        self.out = folder / "out"
        self._api = api
        self._state = folder / "state"
        self._temporary = folder / "tmp"
        self._temporary.mkdir(exist_ok=True)
        self._tokens: set[str] = set()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a run that continues until it is ended."""
        return subprocess.Popen(
            [*SCRIPT, "--backend", "docker", *(arguments or SMALL), "--out", str(self.out)],
            env=environment(TMPDIR=str(self._temporary), XDG_STATE_HOME=str(self._state), **engine_of_this_machine()),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def tokens(self) -> set[str]:
        """The tokens of this test's runs so far, including those whose file is gone."""
        place = self._state / "topolab" / "owners"
        self._tokens |= {path.name for path in place.iterdir()} if place.exists() else set()
        return self._tokens

    def things(self, tokens: set[str] | None = None) -> list[str]:
        """Containers, networks, volumes and image tags that have one of the tokens, or one of those given."""
        found = []
        for token in self.tokens() if tokens is None else tokens:
            ours = {"label": [f"{OWNER}={token}"]}
            found += [c["Names"][0] for c in self._api.containers(all=True, filters=ours)]
            found += [n["Name"] for n in self._api.networks(filters=ours)]
            found += [v["Name"] for v in self._api.volumes(filters=ours)["Volumes"] or []]
            tags = {"reference": [f"topolab-held:{token}-*"]}
            found += [tag for image in self._api.images(filters=tags) for tag in image["RepoTags"]]
        return found

    def containers(self) -> list[str]:
        """This test's containers. Asked for at every stage, so it is only one question to the engine."""
        return [c["Names"][0] for c in self._api.containers(all=True, filters=self._ours())]

    def networks(self) -> list[str]:
        """This test's networks."""
        return [n["Name"] for n in self._api.networks(filters=self._ours())]

    def _ours(self) -> dict[str, list[str]]:
        """A filter for the one run that this test has started so far, or for nothing."""
        return {"label": [f"{OWNER}={token}" for token in self.tokens()] or [f"{OWNER}=nobody"]}

    def observations(self) -> int:
        """How many cells have been measured."""
        from support.runs import observed

        return len(observed(self.out))

    def left_here(self) -> list[str]:
        """The files left on this machine: temporary files and token files."""
        place = self._state / "topolab" / "owners"
        return [str(path) for folder in (self._temporary, place) if folder.exists() for path in folder.iterdir()]


@pytest.fixture
def api() -> Iterator[Any]:
    client = docker.from_env()
    yield client.api
    client.close()


@pytest.fixture
def lab(tmp_path: Path, api: Any) -> Lab:
    return Lab(tmp_path, api)


@pytest.fixture
def bystanders(api: Any) -> Iterator[Callable[[], list[bool]]]:
    """A container, a network and a volume of another owner; how many of them still exist."""
    name = f"topolab-bystander-{secrets.token_hex(4)}"
    container = api.create_container(
        proxy_image("nginx").name, ["sleep", "600"], name=name, entrypoint="", labels={"topolab": "no"}
    )
    network, volume = api.create_network(name), api.create_volume(name)
    api.start(container["Id"])
    yield lambda: [
        api.inspect_container(container["Id"])["State"]["Running"],
        bool(api.networks(names=[name])),
        bool(api.volumes(filters={"name": name})["Volumes"]),
    ]
    api.remove_container(container["Id"], force=True)
    api.remove_network(network["Id"])
    api.remove_volume(volume["Name"])


def has(names: Callable[[], list[str]], part: str) -> Callable[[], bool]:
    return lambda: any(part in name for name in names())


def in_the_second_load(lab: Lab) -> Callable[[], bool]:
    return lambda: lab.observations() >= 1 and has(lab.containers, "-server-")()


STAGES: dict[str, Callable[[Lab], Callable[[], bool]]] = {
    "preparing": lambda lab: lambda: bool(lab.tokens()),
    "making the networks": lambda lab: has(lab.networks, "_edge"),
    "starting the load generator": lambda lab: has(lab.containers, "-load-"),
    "starting a stack": lambda lab: has(lab.containers, "-server-"),
    "loading": in_the_second_load,
    "between two stacks": lambda lab: lambda: lab.observations() >= 1 and not has(lab.containers, "-server-")(),
}


@pytest.mark.parametrize(
    ("stage", "signals"),
    [
        ("preparing", [signal.SIGINT]),
        ("making the networks", [signal.SIGTERM]),
        ("starting the load generator", [signal.SIGHUP]),
        ("starting a stack", [signal.SIGINT]),
        ("loading", [signal.SIGINT, signal.SIGINT]),
        ("loading", [signal.SIGHUP]),
        ("between two stacks", [signal.SIGTERM]),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(signal.Signals(number).name for number in value),
)
def test_a_signal_at_any_stage_ends_the_run_with_its_table_and_leaves_nothing(
    stage: str, signals: list[signal.Signals], lab: Lab, bystanders: Callable[[], list[bool]]
) -> None:
    with lab.start() as process:
        until(STAGES[stage](lab), process)
        for number in signals:
            process.send_signal(number)
        stdout, stderr = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130, stderr
    if stage in ("loading", "between two stacks"):
        assert "what was seen on each hop" in stdout
    assert (lab.things(), lab.left_here()) == ([], [])
    assert bystanders() == [True, True, True]


@pytest.mark.parametrize("stage", STAGES)
def test_after_a_sigkill_the_watchdog_removes_everything(
    stage: str, lab: Lab, bystanders: Callable[[], list[bool]]
) -> None:
    with lab.start() as process:
        until(STAGES[stage](lab), process)
        process.kill()
        process.wait()
        until(lambda: not lab.left_here())
        assert lab.things() == []
    assert bystanders() == [True, True, True]


@pytest.mark.parametrize("stage", STAGES)
def test_after_a_sigkill_of_lab_and_watchdog_the_next_start_removes_everything(
    stage: str, lab: Lab, bystanders: Callable[[], list[bool]]
) -> None:
    with lab.start() as process:
        until(STAGES[stage](lab), process)
        watchdog = guard_of(process.pid)
        os.kill(watchdog, signal.SIGKILL)
        process.kill()
        process.wait()
        # Their `docker compose up` continues without them.
        until(lambda: not children_left(lab))
        killed = set(lab.tokens())
        with lab.start() as second:
            until(lambda: lab.tokens() > killed and not lab.things(killed), second)
            second.send_signal(signal.SIGINT)
            stderr = second.communicate(timeout=DEADLINE_S)[1]
    assert second.returncode == 130, stderr
    assert lab.things() == []
    assert not [name for name in lab.left_here() if Path(name).name in killed]
    assert bystanders() == [True, True, True]


def test_a_stack_started_by_hand_is_never_removed(lab: Lab, api: Any) -> None:
    labels = {OWNER: "by-hand", "topolab.run": "by-hand"}
    container = api.create_container(proxy_image("nginx").name, ["sleep", "600"], entrypoint="", labels=labels)
    try:
        with lab.start("--matrix", "smoke", "--only", "server=granian-asgi", "--only", "topology=direct") as process:
            stderr = process.communicate(timeout=DEADLINE_S)[1]
        assert process.returncode == 0, stderr
        assert api.inspect_container(container["Id"])["State"]["Status"] == "created"
    finally:
        api.remove_container(container["Id"], force=True)


def guard_of(lab_pid: int) -> int:
    """The watchdog: topolab's child that runs guard.py."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(parent) == lab_pid and b"guard.py" in command:
                return int(entry.name)
    raise AssertionError("topolab has no watchdog")


def children_left(lab: Lab) -> list[str]:
    """Processes that name topolab's folder: `docker compose up` outlives topolab and ends by itself."""
    return [line for line in processes_naming(str(lab.folder)) if "compose" in line and "up" in line.split()]
