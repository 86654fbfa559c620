"""`.ci/engine` passes no descriptors on, and installs only what is missing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import ROOT

ENGINE = ROOT / ".ci" / "engine"
DEADLINE_S = 20.0
COMMANDS = ("dockerd", "docker", "debootstrap", "iptables", "ip")

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")


def give(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder for PATH, before the system's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def started() -> Iterator[list[int]]:
    """Ids of processes that a test has started; they are ended with it."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def sourced(commands: Path, script: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """A script with the functions of `.ci/engine`."""
    return subprocess.run(
        ["bash", "-c", f'source "{ENGINE}"\n{script}'],
        env={"PATH": f"{commands}:/usr/bin:/bin", "TMPDIR": str(commands.parent), **extra},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_engine_does_not_inherit_its_callers_lock(commands: Path, tmp_path: Path, started: list[int]) -> None:
    give(commands, "dockerd", "exec sleep 600")
    lock = tmp_path / "lock"
    done = sourced(commands, f'exec 9>"{lock}" 200>"{lock}"\nflock 9\nlaunch\necho $!')
    assert done.returncode == 0, done.stderr
    started.append(int(done.stdout))
    process = Path("/proc") / done.stdout.strip()
    deadline = time.monotonic() + DEADLINE_S
    while (process / "exe").resolve().name != "sleep" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (process / "exe").resolve().name == "sleep"
    assert sorted(path.name for path in (process / "fd").iterdir()) == ["0", "1", "2"]
    subprocess.run(["flock", "--nonblock", str(lock), "true"], check=True)


def installed(commands: Path, authorities: Path) -> str:
    """The packages that the script installs with apt."""
    seen = commands.parent / "seen"
    give(commands, "apt-get", f'[ "$1" = update ] || echo "$@" >"{seen}"')
    done = sourced(commands, f'AUTHORITIES="{authorities}"\ninstall_missing')
    assert done.returncode == 0, done.stderr
    return seen.read_text().partition("--no-install-recommends ")[2].strip() if seen.exists() else ""


def test_ca_certificates_are_installed_only_where_missing(commands: Path, tmp_path: Path) -> None:
    for name in COMMANDS:
        give(commands, name, "exit 0")
    bundle = tmp_path / "bundle.crt"
    assert installed(commands, bundle) == "ca-certificates"
    (tmp_path / "seen").unlink()
    bundle.write_text("spam")
    assert installed(commands, bundle) == ""


def test_a_missing_command_installs_only_its_package(commands: Path, tmp_path: Path) -> None:
    for name in COMMANDS:
        give(commands, name, "exit 0")
    (tmp_path / "bundle.crt").write_text("spam")
    done = sourced(
        commands,
        f'AUTHORITIES="{tmp_path}/bundle.crt"\nhas() {{ [ "$1" != debootstrap ]; }}\n'
        'apt-get() { [ "$1" = update ] || echo "$@"; }\ninstall_missing',
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].endswith("--no-install-recommends debootstrap")
