"""The only module that uses the Docker Engine's API: facts, containers, counters, events and clean-up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from topolab.backends.compose.labels import HELD, INPUTS, OWNER
from topolab.errors import EngineError

_LOG_TAIL_LINES = 60
_LOG_TAIL_CHARACTERS = 4_000
_QUIET_PASSES = 2
_SWEEP_LIMIT_S = 60.0
_PASS_S = 0.3
T = TypeVar("T")
_IN_USE = 409


@dataclass(frozen=True, slots=True)
class Container:
    """A container: its first process on the engine's machine, addresses by network, and published ports.

    `command` is the arguments of its entry point, `environment` its variables.
    """

    id: str
    pid: int
    started_s: float
    addresses: Mapping[str, str]
    published: Mapping[str, int]
    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the engine reports about itself and its machine. Its `id` survives restarts."""

    id: str
    version: str
    system: str
    cpus: int
    cgroup_version: str


class Engine:
    """A Docker Engine that answered. Every method raises `EngineError` if it no longer does.

    `knock` raises `OSError` if nothing listens. It is called before the SDK, which leaves a socket that failed to
    connect to the garbage collector.
    """

    def __init__(self, client: Any, knock: Callable[[], None]) -> None:
        self._client = client
        self._knock = knock
        self._api = client.api
        info = self._asked(client.info)
        self.facts = EngineFacts(
            id=info["ID"],
            version=info["ServerVersion"],
            system=f"{info['OperatingSystem']}, Linux {info['KernelVersion']} {info['Architecture']}",
            cpus=info["NCPU"],
            cgroup_version=info.get("CgroupVersion", "1"),
        )
        self.clock_ahead_s = _seconds(info["SystemTime"]) - time.time()

    @property
    def remote(self) -> bool:
        """Whether it is reached over a network, and so is assumed to be on another machine."""
        return not str(self._api.base_url).startswith("http+docker")

    @property
    def host(self) -> str:
        """The host name of a remote engine."""
        return str(self._api.base_url).partition("://")[2].partition(":")[0]

    def close(self) -> None:
        """Close the connections to the engine."""
        self._client.close()

    def answers(self) -> bool:
        """Whether the engine answers now."""
        try:
            return bool(self._asked(self._client.ping))
        except EngineError:
            return False

    def image(self, name: str) -> tuple[str, str] | None:
        """The id of an image and its label of inputs (empty without one); None if the engine has no such image."""
        found = self._asked(lambda: self._api.images(name=name))
        return (str(found[0]["Id"]), (found[0].get("Labels") or {}).get(INPUTS, "")) if found else None

    def hold_image(self, image_id: str, owner: str, name: str) -> None:
        """Keep an image under one of the owner's tags until the sweep, even if its name goes to a newer image."""
        self._asked(lambda: self._api.tag(image_id, HELD, f"{owner}-{name}", force=True))

    def forget_untagged_images(self, label: str) -> None:
        """Remove images with `label` whose name a newer image has taken, unless somebody else is removing images."""
        from docker.errors import APIError

        def remove() -> None:
            try:
                self._api.prune_images({"dangling": True, "label": label})
            except APIError as error:
                if error.status_code != _IN_USE:  # the engine prunes for one client at a time; the next run does it
                    raise

        self._asked(remove)

    def ask(self, image: str, argv: Sequence[str], labels: Mapping[str, str]) -> str:
        """Run a command in a separate container without a network, and return its output."""
        run = self._client.containers.run
        output: bytes = self._asked(
            lambda: run(image, list(argv), entrypoint="", network_mode="none", labels=dict(labels), remove=True)
        )
        return output.decode("utf-8", "replace").strip()

    def containers(self, project: str) -> dict[str, Container]:
        """The containers of a Compose project, including ended ones, by service."""
        filters = {"label": [f"com.docker.compose.project={project}"]}
        listed = self._asked(lambda: self._api.containers(all=True, filters=filters))
        return {c["Labels"]["com.docker.compose.service"]: self._inspected(c["Id"]) for c in listed}

    def ending(self, container_id: str) -> str:
        """How a container ended by itself, such as "ended with exit code 1"; empty while it runs."""
        try:
            state = self._inspect(container_id)["State"]
            if state["Status"] not in ("exited", "dead"):
                return ""
            if state.get("OOMKilled") or self._was_out_of_memory(container_id):
                return "was killed for using more memory than its limit"
        except EngineError as error:
            return f"is out of reach: {error}"
        code = int(state["ExitCode"])
        return f"was ended by signal {code - 128}" if code > 128 else f"ended with exit code {code}"

    def log(self, container_id: str, *, last: bool = True) -> str:
        """The end of a container's output, or all that the engine still has."""
        lines = _LOG_TAIL_LINES if last else "all"
        text: bytes = self._asked(lambda: self._api.logs(container_id, tail=lines))
        decoded = text.decode("utf-8", "replace").strip()
        return decoded[-_LOG_TAIL_CHARACTERS:] if last else decoded

    def counters(self, container_id: str) -> tuple[int, int | None]:
        """CPU time in ns and peak memory in bytes so far (None: no peak for cgroup v2 here). Takes a second or so."""
        stats = self._asked(lambda: self._api.stats(container_id, stream=False, one_shot=True))
        peak = stats["memory_stats"].get("max_usage")
        return int(stats["cpu_stats"]["cpu_usage"]["total_usage"]), None if peak is None else int(peak)

    def sweep(self, owner: str) -> int:
        """Remove everything with `owner`'s label or tag, and nothing else; return the number of things removed.

        Looks again until nothing more appears, because a killed client's last request may still take effect.
        """
        removed, quiet = 0, 0
        deadline = time.monotonic() + _SWEEP_LIMIT_S
        while quiet < _QUIET_PASSES:
            things = self._removals(owner)
            if things and time.monotonic() > deadline:
                raise EngineError(f"{len(things)} containers or networks labelled {OWNER}={owner} cannot be removed")
            for remove in things:
                removed += self._asked(remove)
            quiet = 0 if things else quiet + 1
            if quiet < _QUIET_PASSES:
                time.sleep(_PASS_S)
        return removed

    def _removals(self, owner: str) -> list[Callable[[], int]]:
        """How to remove each of an owner's things. Containers come first: they use the networks, volumes and images."""
        api, filters = self._api, {"label": [f"{OWNER}={owner}"]}
        containers = self._asked(lambda: api.containers(all=True, filters=filters))
        networks = self._asked(lambda: api.networks(filters=filters))
        volumes = self._asked(lambda: api.volumes(filters=filters))["Volumes"] or []
        held = self._asked(lambda: api.images(filters={"reference": [f"{HELD}:{owner}-*"]}))
        tags = [tag for image in held for tag in image["RepoTags"] or () if tag.startswith(f"{HELD}:{owner}-")]
        return [
            *(_removal(api.remove_container, c["Id"], v=True, force=True) for c in containers),
            *(_removal(api.remove_network, n["Id"]) for n in networks),
            *(_removal(api.remove_volume, v["Name"], force=True) for v in volumes),
            # Forced, because another owner's container may use the image; then the image only loses this tag.
            *(_removal(api.remove_image, tag, force=True) for tag in tags),
        ]

    def _asked(self, question: Callable[[], T]) -> T:
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            self._knock()
            return question()
        except (DockerException, RequestException, OSError) as error:
            raise EngineError(why(error)) from error

    def _inspect(self, container_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._asked(lambda: self._api.inspect_container(container_id))
        return found

    def _inspected(self, container_id: str) -> Container:
        found = self._inspect(container_id)
        networks, ports = found["NetworkSettings"]["Networks"], found["NetworkSettings"]["Ports"] or {}
        return Container(
            id=container_id,
            pid=found["State"]["Pid"],
            started_s=_seconds(found["State"]["StartedAt"]),
            addresses={name: network["IPAddress"] for name, network in networks.items()},
            published={port: int(bound[0]["HostPort"]) for port, bound in ports.items() if bound},
            command=tuple(found["Config"]["Cmd"] or ()),
            environment=dict(word.split("=", 1) for word in found["Config"]["Env"] or ()),
        )

    def _was_out_of_memory(self, container_id: str) -> bool:
        """Whether there was such an event: the state reports only the first process, not the end of a worker."""
        filters = {"container": container_id, "event": "oom"}
        now = time.time() + self.clock_ahead_s
        events = self._api.events
        # Read all events: a stream abandoned midway keeps its connection.
        return bool(self._asked(lambda: list(events(since=0, until=int(now) + 1, filters=filters, decode=True))))


def _removal(remove: Callable[..., object], name: str, **options: bool) -> Callable[[], int]:
    """Remove one thing, unless something else has already removed it; return how many were removed."""

    def carry_out() -> int:
        from docker.errors import APIError

        try:
            remove(name, **options)
        except APIError as error:
            # 404: gone. 409: in removal, or a network that a container being removed still uses; the next pass retries.
            if error.status_code in (403, 404, _IN_USE):
                return 0
            raise
        return 1

    return carry_out


def why(error: BaseException) -> str:
    """Summarise an SDK error, and say what to do if that is known."""
    text = " ".join(str(error).split())
    if "Permission denied" in text:
        return (
            "this user may not use its socket (permission denied); join the group docker "
            "(sudo usermod -aG docker $USER, then log in again), or use --backend local"
        )
    if any(
        sign in text
        for sign in ("No such file", "Connection refused", "Connection aborted", "Errno 111", "Max retries")
    ):
        return "no engine answers; start Docker, or use --backend local, which needs none"
    return text


def _seconds(timestamp: str) -> float:
    """An engine's timestamp (RFC 3339, nanoseconds) as seconds since 1970."""
    head, _, rest = timestamp.partition(".")
    digits = "".join(c for c in rest if c.isdigit())[:6] if rest else "0"
    whole = datetime.fromisoformat(head.removesuffix("Z")[:19]).replace(tzinfo=UTC).timestamp()
    return whole + float(f"0.{digits or 0}")
