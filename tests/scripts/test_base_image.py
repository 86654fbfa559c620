"""The base image's script: its refusals, its image, and cleanup."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

import build_base_image
from support.command import ROOT, processes_naming

SCRIPT = str(ROOT / "scripts" / "build_base_image.py")
NO_IMAGE = 'case "$1" in image) exit 1;; esac'
ANY_IMAGE = "exit 0"
DEADLINE_S = 20.0

needs_namespaces = pytest.mark.skipif(
    not shutil.which("unshare") or os.geteuid() != 0, reason="only root on Linux comes as far as debootstrap"
)


class Machine:
    """A PATH with a test's shell commands before the system's or, if `bare`, instead of them."""

    def __init__(self, folder: Path) -> None:
        self.commands = folder / "bin"
        self.temporary = folder / "tmp"
        self.seen = folder / "seen"
        self.commands.mkdir()
        self.temporary.mkdir()

    def environment(self, *, bare: bool = False, **extra: str) -> dict[str, str]:
        path = str(self.commands) if bare else f"{self.commands}:/usr/bin:/bin"
        return {"PATH": path, "TMPDIR": str(self.temporary), "SEEN": str(self.seen), **extra}

    def give(self, name: str, script: str) -> None:
        (self.commands / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.commands / name).chmod(0o755)

    def run(self, *arguments: str, bare: bool = False, **extra: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, SCRIPT, *arguments],
            env=self.environment(bare=bare, **extra),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout == ""
        return done.returncode, done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_unknown_suite_is_refused_with_the_known_ones(machine: Machine) -> None:
    assert machine.run("trixie", "sid", bare=True) == (
        2,
        'build_base_image: unknown suite "sid"; known: trixie, bookworm\n',
    )


def test_without_docker_it_names_the_command_that_installs_it(machine: Machine) -> None:
    assert machine.run(bare=True) == (
        2,
        "build_base_image: no docker command; on Debian or Ubuntu, install it with: sudo apt-get install docker.io\n",
    )


@pytest.mark.skipif(
    not shutil.which("docker"), reason="the docker command is needed (on Debian, as root: bash .ci/engine)"
)
def test_without_an_engine_it_passes_on_dockers_message(machine: Machine, tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/none.sock"
    code, said = machine.run(PATH=os.environ["PATH"], DOCKER_HOST=nowhere)
    assert code == 2
    assert said.startswith("build_base_image: no Docker Engine answers; start one, or set DOCKER_HOST: ")
    assert nowhere in said
    assert said.count("\n") == 1


def test_an_existing_image_is_not_built_again_and_needs_nothing(machine: Machine) -> None:
    machine.give("docker", ANY_IMAGE)
    assert machine.run(bare=True) == (
        0,
        "topolab-base:trixie exists (--force rebuilds it)\ntopolab-base:bookworm exists (--force rebuilds it)\n",
    )


def test_without_root_it_is_refused_with_the_reason(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.give("docker", NO_IMAGE)
    monkeypatch.setenv("PATH", str(machine.commands))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert build_base_image.main(["trixie"]) == 2
    assert capsys.readouterr().err == "build_base_image: debootstrap needs root; run this script with sudo\n"


def test_without_debootstrap_it_names_the_command_that_installs_it_even_with_force(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.give("docker", ANY_IMAGE)
    monkeypatch.setenv("PATH", str(machine.commands))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert build_base_image.main(["--force", "trixie"]) == 2
    assert capsys.readouterr().err == (
        "build_base_image: no debootstrap; on Debian or Ubuntu, install it with: sudo apt-get install debootstrap\n"
    )


def test_a_full_disk_is_noticed_before_anything_is_built(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "total used free")
    machine.give("docker", NO_IMAGE)
    machine.give("debootstrap", "exit 0")
    monkeypatch.setenv("PATH", str(machine.commands))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("tempfile.tempdir", str(machine.temporary))
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(10**9, 9 * 10**8, 10**8))
    assert build_base_image.main(["trixie"]) == 2
    assert capsys.readouterr().err == (
        f"build_base_image: {machine.temporary} has 100 MB free but needs 500 MB; "
        "make room, or set TMPDIR to a folder with enough space\n"
    )


@needs_namespaces
def test_a_failed_debootstrap_prints_its_last_lines_and_leaves_no_files(machine: Machine) -> None:
    machine.give("docker", NO_IMAGE)
    machine.give(
        "debootstrap", 'mkdir "$3"; echo I: one; echo I: two; echo; echo I: three; echo E: no space left; exit 3'
    )
    assert machine.run("trixie") == (
        2,
        "topolab-base:trixie: making it with debootstrap (about half a minute) ...\n"
        "build_base_image: debootstrap ended with 3: I: two | I: three | E: no space left\n",
    )
    assert list(machine.temporary.iterdir()) == []


@needs_namespaces
def test_the_imported_tree_lacks_what_no_container_reads(machine: Machine) -> None:
    machine.give("docker", f'{NO_IMAGE}\ncase "$1" in import) echo "$@"; tar -tf "$4";; esac >>"$SEEN"')
    files = ("etc/apt/sources.list", "usr/share/doc/a/copyright", "usr/share/man/man1/a.1.gz", "var/lib/apt/lists/a")
    made = "".join(f'mkdir -p "$3/{Path(name).parent}"; echo >"$3/{name}"\n' for name in files)
    machine.give("debootstrap", f'[ "$1 $2" = "--variant=minbase bookworm" ] || exit 9\n{made}')
    code, said = machine.run("bookworm")
    assert (code, said.count("\n")) == (0, 1), said
    command, *names = machine.seen.read_text().splitlines()
    assert command.startswith("import --change LABEL topolab.base=bookworm ")
    assert command.endswith(" topolab-base:bookworm")
    assert [name for name in names if not name.endswith("/")] == ["./etc/apt/sources.list"]
    assert "./usr/share/man/man1/" in names
    assert list(machine.temporary.iterdir()) == []


@needs_namespaces
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_its_children_and_leaves_no_files(machine: Machine, sent: signal.Signals, code: int) -> None:
    machine.give("docker", NO_IMAGE)
    machine.give("debootstrap", f'mkdir "$3"; sh -c "sleep 1000; : {machine.commands}" & echo >"$SEEN"; wait')
    with subprocess.Popen(
        [sys.executable, SCRIPT, "trixie"], env=machine.environment(), stderr=subprocess.PIPE, text=True
    ) as script:
        deadline = time.monotonic() + DEADLINE_S
        while not machine.seen.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        script.send_signal(sent)
        try:
            _, said = script.communicate(timeout=DEADLINE_S)
        finally:
            script.kill()
    assert script.returncode == code, said
    assert "Traceback" not in said
    assert list(machine.temporary.iterdir()) == []
    assert processes_naming(str(machine.commands)) == []
