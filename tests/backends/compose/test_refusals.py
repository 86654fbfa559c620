"""What keeps Docker from being used is told in one line, with what mends it, and with `auto` the run is local."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import SCRIPT, engine_of_this_machine, environment, run_matrix
from topolab.backends.compose.site import ComposeSite
from topolab.catalogue import Catalogue
from topolab.process.ports import LOOPBACK, ReservedPort

NOBODY = 65_534


def test_no_engine_is_one_line_that_names_the_address() -> None:
    with ReservedPort() as reserved:
        host = f"tcp://{LOOPBACK}:{reserved.number}"
        done = run_matrix("--backend", "docker", DOCKER_HOST=host)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"topolab: {host}: no engine answers there; start Docker, or use --backend local, which needs none\n"
    )


def test_without_an_engine_auto_is_local_and_says_why(tmp_path: Path) -> None:
    only = ("--only", "server=granian-asgi", "--only", "topology=direct", "--only", "protocol=h2")
    done = run_matrix("--matrix", "smoke", *only, "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "1 cells, 1 rounds, local processes (not Docker: unix:///nonexistent/docker.sock: no engine" in done.stderr


@pytest.mark.usefixtures("docker_site")
def test_with_an_engine_auto_is_docker(tmp_path: Path) -> None:
    only = ("--only", "server=granian-asgi", "--only", "topology=direct", "--only", "protocol=h2")
    done = run_matrix("--matrix", "smoke", *only, "--out", str(tmp_path), **engine_of_this_machine())
    assert done.returncode == 0, done.stderr
    assert "1 cells, 1 rounds, Docker Engine " in done.stderr


# Everything is imported while that is allowed: the interpreter's own files may be closed to the user it becomes.
_AS_NOBODY = f"""
import os
import docker, docker.errors, requests
from topolab.backends.compose.endpoint import Endpoint
from topolab.backends.compose.connect import connect
from topolab.errors import EngineError
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
try:
    connect(Endpoint(os.environ["DOCKER_HOST"], None, False, "the Docker engine"))
except EngineError as error:
    print(error)
"""


def test_a_user_who_may_not_use_the_socket_is_told_the_group(docker_site: ComposeSite) -> None:
    assert docker_site.name == "docker"
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody who may not")
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY],
        env=environment(**engine_of_this_machine()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == (
        "the Docker engine: this user may not use its socket (permission denied); become a member of the group docker "
        "(sudo usermod -aG docker $USER, then log in again), or use --backend local\n"
    ), done.stderr


def test_compose_version_1_alone_is_told_apart_from_none_at_all(tmp_path: Path, docker_site: ComposeSite) -> None:
    assert docker_site.name == "docker"
    for name, body in {"docker": "exit 1", "docker-compose": "echo 1.29.2"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [*SCRIPT, "--backend", "docker"],
        env=environment(PATH=str(tmp_path), **engine_of_this_machine()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "`docker compose` is missing (docker-compose, Compose v1, does not do)" in done.stderr


def test_a_base_image_that_nobody_gives_names_the_script_that_makes_one(docker_site: ComposeSite) -> None:
    assert docker_site.name == "docker"
    base = "127.0.0.1:1/none:none"
    done = run_matrix("--backend", "docker", "--matrix", "smoke", BASE_IMAGE=base, **engine_of_this_machine())
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"topolab: the images cannot be built: the base image {base} is not on the engine and no registry gives it; "
        "make one with `sudo python3 scripts/build_base_image.py`, or name another with BASE_IMAGE; "
        "--backend local needs none"
    )


def test_images_are_built_once_and_again_when_their_inputs_change(
    docker_site: ComposeSite, catalogue: Catalogue, tmp_path: Path
) -> None:
    from support.catalogues import catalogue_root

    assert docker_site.name == "docker"
    only = ("--only", "server=granian-asgi", "--only", "topology=direct", "--only", "protocol=h2")
    arguments = ("--backend", "docker", "--matrix", "smoke", *only, "--out", str(tmp_path / "out"))
    first = run_matrix(*arguments, **engine_of_this_machine())
    assert first.returncode == 0, first.stderr
    assert "building" not in first.stderr
    root = catalogue_root(tmp_path / "catalogue", {})
    toml = root / "servers" / "granian" / "server.toml"
    toml.write_text(f"{toml.read_text()}\n# changed\n")
    changed = run_matrix(*arguments, TOPOLAB_CATALOGUE=str(root), **engine_of_this_machine())
    assert changed.returncode == 0, changed.stderr
    assert "(its inputs changed)" in changed.stderr
    back = run_matrix(*arguments, **engine_of_this_machine())
    assert back.returncode == 0, back.stderr
    assert catalogue.root != root
