"""A private Docker Engine for tests, which they may stop, restart and kill.

Several can run at once: each claims an index, from which its folder, bridge and port follow, and first removes what a
killed test process may have left under it. These measures separate it from the machine's engine:

- `--iptables=false`: a second engine with rules would at its start flush the chains with the first one's ports.
  One rule here lets containers of the same network talk where the first engine's policy drops forwarded packets.
  Published ports work through docker-proxy; containers do not reach the world outside.
- its own bridge, and no `--default-address-pool`: with `--bridge=none`, or when restarted with its own pools, a
  dockerd deletes docker0, even another engine's. The usual pools work: an engine skips addresses with a route.
- its own mount namespace, in which `/run/containerd` is empty: dockerd then starts its own containerd instead
  of sharing the machine's, and its containers' mounts are neither visible nor left behind outside.
- a parent death signal: it ends when the test process is killed.

Its TCP port is open to every user of this machine while it runs, and gives root: for test machines only.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from support.needs import skip_or_fail

_COMMANDS = ("docker", "dockerd", "ip", "iptables", "nsenter", "setpriv", "unshare")
_FOLDERS = Path("/var/tmp")  # noqa: S108 - root's tests only; short (a socket's path ends at 108 bytes), and on a disk
_CGROUPS = Path("/sys/fs/cgroup")
_INDEXES = range(16)
_FIRST_PORT = 23_750  # below the ports of outgoing connections, so that a stopped engine's port stays free
_START_DEADLINE_S = 30.0
_STOP_DEADLINE_S = 30.0  # containers that ignore SIGTERM take 10 s of it
_SWEEP_DEADLINE_S = 5.0
_POLL_S = 0.05


class PrivateEngineError(Exception):
    """The private engine, or a command on it, failed; the text says which, with its output."""


def why_not(*images: str) -> str:
    """Why no private engine with these images of the machine's engine can be started; empty if it can."""
    if platform.system() != "Linux":
        return "a private Docker Engine needs Linux"
    if os.geteuid() != 0:
        return "a private Docker Engine needs root"
    if missing := [name for name in _COMMANDS if not shutil.which(name)]:
        return f"a private Docker Engine needs {', '.join(missing)}"
    if not _succeeds("unshare", "--mount", "true"):
        return "a private Docker Engine needs a mount namespace, which this machine does not give"
    if absent := [image for image in images if not _succeeds("docker", "image", "inspect", image)]:
        return f"the machine's Docker Engine does not answer or has no {', '.join(absent)}"
    return ""


def require(*images: str) -> None:
    """Skip the test where `why_not` has a reason, or fail it where everything is required."""
    reason = why_not(*images)
    if reason:
        skip_or_fail(reason)


class PrivateEngine:
    """A running engine at `host`; leaving it removes every trace of it.

    Start and leave it in the main thread: the kernel ends it with the thread that started it.
    """

    def __init__(self) -> None:
        self._index, self._claim = _claim_index()
        self._dockerd: subprocess.Popen[bytes] | None = None
        self._namespace: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._sweep()
            self.folder.mkdir(mode=0o700)
            self._make_network()
            self._make_namespace()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """Where all its files are."""
        return _FOLDERS / self.bridge

    @property
    def host(self) -> str:
        """The value for DOCKER_HOST, which restarts do not change."""
        return f"tcp://127.0.0.1:{_FIRST_PORT + self._index}"

    @property
    def bridge(self) -> str:
        """The bridge of containers that name no network."""
        return f"tl-test{self._index}"

    def bridges(self) -> list[str]:
        """Existing bridges of its networks, even if it is stopped: it keeps the networks' ids in a file."""
        known = self.folder / "data" / "network" / "files" / "local-kv.db"
        ids = re.findall(rb"network/([0-9a-f]{12})[0-9a-f]{52}/", known.read_bytes()) if known.exists() else []
        names = {self.bridge, *(f"br-{network.decode()}" for network in ids)}
        return [name for name in sorted(names) if (Path("/sys/class/net") / name).exists()]

    @property
    def environment(self) -> dict[str, str]:
        """The inherited environment, with this engine for docker commands and no settings for another one."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("DOCKER_") or k == "DOCKER_CONFIG"}
        return {**kept, "DOCKER_HOST": self.host}

    def docker(self, *arguments: str, cwd: Path | None = None) -> str:
        """Return a docker command's output on this engine; raise if it fails."""
        return _run(["docker", *arguments], env=self.environment, cwd=cwd)

    def load(self, images: Sequence[str]) -> None:
        """Copy images from the machine's engine."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saving:
            loaded = subprocess.run(
                ["docker", "load", "--quiet"],
                stdin=saving.stdout,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
        if saving.returncode or loaded.returncode:
            raise PrivateEngineError(f"could not copy {', '.join(images)}: {loaded.stderr.strip()}")

    def answers(self) -> bool:
        """Whether the engine answers now."""
        with contextlib.suppress(PrivateEngineError):
            self.docker("version")
            return True
        return False

    def wait(self) -> None:
        """Wait until the engine answers; raise with the end of its log if it ends or takes too long."""
        deadline = time.monotonic() + _START_DEADLINE_S
        while not self.answers():
            ended = self._dockerd is None or self._dockerd.poll() is not None
            if ended or time.monotonic() > deadline:
                tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-10:])
                raise PrivateEngineError(f"dockerd {'ended' if ended else 'does not answer'}:\n{tail}")
            time.sleep(_POLL_S)

    def start(self) -> None:
        """Start dockerd, and return when it answers."""
        if not self._namespace:
            raise PrivateEngineError("the engine is closed")
        where = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
        argv = ["nsenter", f"--mount=/proc/{self._namespace.pid}/ns/mnt", "setpriv", "--pdeathsig", "TERM", "dockerd"]
        argv += [f"--{option}={self.folder / name}" for option, name in where.items()]
        argv += [f"--host=unix://{self.folder / 'sock'}", f"--host={self.host}"]
        argv += ["--tls=false"]  # explicit, because later engines otherwise pause before they open the port
        argv += [f"--bridge={self.bridge}", "--iptables=false", "--ip-masq=false", "--ip-forward=false"]
        with self._log.open("ab") as log:
            self._dockerd = subprocess.Popen(
                argv,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait()

    def stop(self) -> None:
        """Stop dockerd and its containers like an administrator: 10 s for those that ignore their signal."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL dockerd: its containerd ends too, its containers keep running until it is started again."""
        self._end(signal.SIGKILL)
        self._forget_containerd()

    def restart(self) -> None:
        """Stop the engine and start it again."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Remove every container, network, process, mount and file of this engine."""
        try:
            if self._dockerd:
                self._empty()
                self.stop()
        finally:
            self._sweep()
            self._claim.close()

    @property
    def _log(self) -> Path:
        return self.folder / "dockerd.log"

    @property
    def _rule(self) -> tuple[str, ...]:
        """Accepts packets that stay within one bridge."""
        within = ("--match", "physdev", "--physdev-is-bridged")
        return (*within, "--match", "comment", "--comment", self.bridge, "--jump", "ACCEPT")

    def _end(self, signal_number: signal.Signals) -> None:
        if self._dockerd:
            self._dockerd.send_signal(signal_number)
            self._dockerd.wait(_STOP_DEADLINE_S)

    def _forget_containerd(self) -> None:
        """Reap a killed containerd, which dockerd would take for running and wait for in vain."""
        path = self.folder / "exec" / "containerd" / "containerd.pid"
        with contextlib.suppress(OSError):
            executable = Path("/proc") / path.read_text() / "exe"
            deadline = time.monotonic() + _SWEEP_DEADLINE_S
            while time.monotonic() < deadline and executable.readlink():  # a dead process has none
                time.sleep(_POLL_S)
        path.unlink(missing_ok=True)

    def _empty(self) -> None:
        """Remove containers with dockerd where possible, because it knows what it created (such as cgroups)."""
        if not self.answers():
            self.kill()
            self.start()
        if containers := self.docker("ps", "--all", "--quiet", "--no-trunc").split():
            self.docker("rm", "--force", "--volumes", *containers)
        self.docker("network", "prune", "--force")

    def _make_network(self) -> None:
        _run(["ip", "link", "add", "name", self.bridge, "type", "bridge"])
        _run(["ip", "address", "add", f"10.213.{self._index}.1/24", "dev", self.bridge])
        _run(["ip", "link", "set", self.bridge, "up"])
        _run(["iptables", "--wait", "--insert", "FORWARD", *self._rule])

    def _make_namespace(self) -> None:
        """A process that keeps the mount namespace, so that a restarted dockerd finds its earlier mounts."""
        hide = "mkdir -p /run/containerd && mount -t tmpfs tmpfs /run/containerd && echo made && exec sleep infinity"
        unshare = ["unshare", "--mount", "--propagation", "slave", "sh", "-c", hide]
        self._namespace = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *unshare],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._namespace.stdout
        if self._namespace.stdout.readline() != b"made\n":
            raise PrivateEngineError("no mount namespace could be made")

    def _sweep(self) -> None:
        """End and remove everything that is left; mounts in the processes' own namespace end with them."""
        deadline = time.monotonic() + _SWEEP_DEADLINE_S
        while (left := self._processes()) and time.monotonic() < deadline:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(_POLL_S)
        for process in (self._dockerd, self._namespace):
            if process:
                process.kill()
                process.wait()
        if self._namespace and self._namespace.stdout:
            self._namespace.stdout.close()
        self._dockerd = self._namespace = None
        for container in self._containers():  # v1 has a tree of groups for each controller, v2 one
            for group in (*_CGROUPS.glob(f"*/docker/{container}"), _CGROUPS / "docker" / container):
                with contextlib.suppress(OSError):
                    group.rmdir()
        _succeeds("iptables", "--wait", "--delete", "FORWARD", *self._rule)
        for name in self.bridges():
            _succeeds("ip", "link", "delete", name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _containers(self) -> list[str]:
        return [path.name for path in (self.folder / "data" / "containers").glob("*")]

    def _processes(self) -> list[int]:
        """dockerd, containerd and shims by their folder, container processes by their cgroup."""
        containers = self._containers()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
                groups = (entry / "cgroup").read_text()
                if f"{self.folder}/" in command or any(name in groups for name in containers):
                    found.append(int(entry.name))
        return found


def _claim_index() -> tuple[int, socket.socket]:
    """The first free index, and the socket that claims it: the kernel frees its name with the process."""
    for index in _INDEXES:
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0topolab-private-engine-{index}")
        except OSError:
            claim.close()
            continue
        return index, claim
    raise PrivateEngineError(f"{len(_INDEXES)} private engines run already")


def _succeeds(*argv: str) -> bool:
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def _run(argv: Sequence[str], env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    done = subprocess.run(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PrivateEngineError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
