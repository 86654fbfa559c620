"""A reason not to use Docker is one line with its fix, and `auto` then runs locally."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.command import SCRIPT, engine_of_this_machine, environment, run_matrix
from support.runs import only_run
from topolab.backends.compose.site import ComposeSite
from topolab.backends.local.site import LocalSite
from topolab.catalogue import load_catalogue
from topolab.process.ports import LOOPBACK, ReservedPort

NOBODY = 65_534


def test_a_missing_engine_is_one_line_that_names_the_address() -> None:
    with ReservedPort() as reserved:
        host = f"tcp://{LOOPBACK}:{reserved.number}"
        done = run_matrix("--backend", "docker", DOCKER_HOST=host)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"topolab: {host}: no engine answers; start Docker, or use --backend local, which needs none\n"
    )


NOT_USED = "topolab: using local processes, because the engine that {} names cannot be used: {}"


def test_if_the_named_engine_does_not_answer_auto_is_local_and_says_why(tmp_path: Path) -> None:
    only = ("--only", "server=granian-asgi", "--only", "topology=direct", "--only", "protocol=h2")
    done = run_matrix("--matrix", "smoke", *only, "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    why = "unix:///nonexistent/docker.sock: no engine answers; start Docker, or use --backend local, which needs none"
    first, second, *_ = done.stderr.splitlines()
    assert first == NOT_USED.format("DOCKER_HOST", why)
    assert second.endswith("1 cell, 1 round, local processes")


@pytest.mark.usefixtures("docker_site")
def test_with_an_engine_auto_is_docker(tmp_path: Path) -> None:
    only = ("--only", "server=granian-asgi", "--only", "topology=direct", "--only", "protocol=h2")
    done = run_matrix("--matrix", "smoke", *only, "--out", str(tmp_path), **engine_of_this_machine())
    assert done.returncode == 0, done.stderr
    assert "1 cell, 1 round, Docker Engine " in done.stderr


# Import everything first: the user it becomes may not be able to read the interpreter's own files.
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


def test_a_user_without_access_to_the_socket_is_pointed_to_the_group(docker_site: ComposeSite) -> None:
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
        "the Docker engine: this user may not use its socket (permission denied); join the group docker "
        "(sudo usermod -aG docker $USER, then log in again), or use --backend local\n"
    ), done.stderr


def test_compose_version_1_is_reported_as_too_old(tmp_path: Path, docker_site: ComposeSite) -> None:
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
    assert "`docker compose` is missing (docker-compose is Compose v1, too old)" in done.stderr


def test_a_missing_base_image_names_the_script_that_builds_it(docker_site: ComposeSite) -> None:
    assert docker_site.name == "docker"
    base = "127.0.0.1:1/none:none"
    done = run_matrix("--backend", "docker", "--matrix", "smoke", BASE_IMAGE=base, **engine_of_this_machine())
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"topolab: the images cannot be built: the base image {base} is not on the engine and no registry provides it; "
        "make one with `sudo python3 scripts/build_base_image.py`, or name another with BASE_IMAGE; "
        "--backend local needs none"
    )


@pytest.mark.usefixtures("renaming_images")
def test_a_base_of_another_release_is_refused_by_the_build(docker_site: ComposeSite) -> None:
    """Debian 12's base named for Debian 13, which would otherwise end up in an image of that name."""
    bookworm = os.environ.get("BASE_IMAGE_BOOKWORM", "topolab-base:bookworm")
    before = docker_images("topolab-server:trixie")
    done = run_matrix("--backend", "docker", "--matrix", "smoke", BASE_IMAGE=bookworm, **engine_of_this_machine())
    assert docker_site.name == "docker"
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "topolab: the images cannot be built: the base image is bookworm, expected trixie; "
        "set BASE_IMAGE to a trixie image and BASE_IMAGE_BOOKWORM to a bookworm image; --backend local needs none"
    )
    assert docker_images("topolab-server:trixie") == before


def docker_images(name: str) -> str:
    """The id of an image, by the docker command."""
    env = environment(**engine_of_this_machine())
    argv = ["docker", "image", "inspect", "--format", "{{.Id}}", name]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout


class Resumed:
    """A run of one cell on this machine's engine, from a catalogue that may be edited, with nothing measured yet."""

    def __init__(self, folder: Path) -> None:
        self.root = catalogue_root(folder / "catalogue", {}, copied=("servers", "apps"))
        self._out = folder / "out"
        only = ("--only", "server=granian-asgi", "--only", "topology=direct", "--only", "protocol=h2")
        self.first = self._run("--backend", "docker", "--matrix", "smoke", *only)
        assert self.first.returncode == 0, self.first.stderr
        with sqlite3.connect(only_run(self._out) / "run.sqlite") as connection:
            connection.execute("DELETE FROM observation")
            # As after `docker builder prune`: the same content, built again, gets a new id.
            path = """$.environment.images."topolab-server:trixie\""""
            connection.execute("UPDATE run SET record = json_set(record, ?, 'sha256:another')", (path,))

    def edit(self, file: str, text: str) -> None:
        """Add text to the end of a file of the catalogue."""
        with (self.root / file).open("a") as opened:
            opened.write(text)

    def again(self) -> subprocess.CompletedProcess[str]:
        """Continue the run."""
        return self._run("--resume", str(only_run(self._out)))

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        out = ("--out", str(self._out))
        return run_matrix(*arguments, *out, TOPOLAB_CATALOGUE=str(self.root), **engine_of_this_machine())


@pytest.fixture
def resumed(docker_site: ComposeSite, tmp_path: Path) -> Resumed:
    assert docker_site.name == "docker"
    return Resumed(tmp_path)


@pytest.mark.usefixtures("renaming_images")
def test_comments_cause_no_build_and_do_not_prevent_a_resume(resumed: Resumed) -> None:
    assert "building" not in resumed.first.stderr
    resumed.edit("servers/granian/server.toml", "\n# a comment\n")
    resumed.edit("apps/bare/app.toml", "# a comment\n")
    done = resumed.again()
    assert (done.returncode, "building" in done.stderr) == (0, False), done.stderr


@pytest.mark.usefixtures("renaming_images")
def test_a_resume_is_refused_before_any_image_is_built(resumed: Resumed) -> None:
    resumed.edit("apps/bare/bare_asgi.py", "\n# changed\n")
    done = resumed.again()
    assert done.returncode == 2
    assert "building" not in done.stderr
    assert done.stderr.endswith(
        "the environment has changed: apps/bare in the image topolab-server:trixie has changed; start a new run\n"
    )


@pytest.mark.usefixtures("renaming_images")
def test_a_changed_unused_app_is_built_and_does_not_prevent_a_resume(
    resumed: Resumed, docker_site: ComposeSite
) -> None:
    before = docker_images("topolab-proxy-nginx:trixie"), docker_images("topolab-load:trixie")
    resumed.edit("apps/fastapi/fastapi_app.py", "\n# changed\n")
    done = resumed.again()
    assert done.returncode == 0, done.stderr
    assert "building topolab-server:trixie on" in done.stderr
    assert (docker_images("topolab-proxy-nginx:trixie"), docker_images("topolab-load:trixie")) == before
    assert "images built" in done.stdout
    dry = run_matrix("--backend", "docker", "--matrix", "smoke", "--dry-run", **engine_of_this_machine())
    assert dry.stdout.splitlines()[-1].endswith(", after building topolab-server:trixie")
    assert docker_site.stack_s > LocalSite(load_catalogue(resumed.root)).stack_s


def test_a_missing_or_read_only_home_is_no_obstacle(docker_site: ComposeSite, tmp_path: Path) -> None:
    assert docker_site.name == "docker"
    only = ("--only", "server=granian-asgi", "--only", "topology=direct", "--only", "protocol=h2")
    (tmp_path / "tmp").mkdir()
    homeless = {
        "HOME": "/proc/nowhere",
        "XDG_STATE_HOME": "/proc/nowhere/state",
        # Possible folders of the Compose plugin.
        "DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG") or str(Path("~/.docker").expanduser()),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    done = run_matrix(
        *("--backend", "docker", "--matrix", "smoke", *only, "--out", str(tmp_path / "out")),
        **homeless,
        **engine_of_this_machine(),
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "tmp").glob("topolab-*/topolab/owners/*")) == []
