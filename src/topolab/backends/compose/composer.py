"""The only module that runs `docker compose`: with which files and variables, and what its failures mean."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from topolab.backends.compose.endpoint import config_folder
from topolab.errors import EngineError
from topolab.process.command import Done, run_command
from topolab.process.group import ProcessKeeper

OLDEST = (2, 24, 4)
"""The first Compose version that supports `!override`."""
_UNSAID = {"SERVER": "-", "APP": "-"}
"""Compose requires these even when no server is started."""
_UP_LIMIT_S = 60.0
_DOWN_LIMIT_S = 60.0
_BUILD_LIMIT_S = 1800.0
_VERSION_LIMIT_S = 20.0

_OWN_WORDS = re.compile(r"^(?:#\d+ )?[\d.]+ topolab: (.+)$", re.MULTILINE)
"""The message that one of our Dockerfiles prints before it fails."""
_NO_BASE = ("failed to do request: Head", "failed to resolve source metadata", "pull access denied")

Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Composer:
    """Runs Compose with one folder's files, against the engine that `context` and the environment select."""

    folder: Path
    context: str | None
    keeper: ProcessKeeper

    def up(self, project: str, files: Sequence[str], variables: Variables, services: Sequence[str] = ()) -> Done:
        """Create and start a project's containers, or those of some services, from existing images."""
        arguments = ["up", "--detach", "--no-build", "--pull", "never", *services]
        return self._run(project, files, arguments, {**_UNSAID, **variables}, _UP_LIMIT_S)

    def down(self, project: str) -> Done:
        """Remove a project's containers and networks. Running ones are killed: they have nothing to flush."""
        arguments = ["down", "--timeout", "0", "--remove-orphans", "--volumes"]
        return self._run(project, (), arguments, {}, _DOWN_LIMIT_S)

    def build(
        self, files: Sequence[str], services: Sequence[str], variables: Variables, watch: Callable[[str], None]
    ) -> Done:
        """Build the images of some services; `watch` gets BuildKit's output."""
        arguments = ["--progress", "plain", "build", *services]
        said = {**_UNSAID, **_buildx_folder(self.keeper.folder), **variables}
        return self._run("topolab", files, arguments, said, _BUILD_LIMIT_S, watch)

    def _run(
        self,
        project: str,
        files: Sequence[str],
        arguments: Sequence[str],
        variables: Variables,
        timeout_s: float,
        watch: Callable[[str], None] | None = None,
    ) -> Done:
        argv = [*docker_argv(self.context), "compose", "--project-name", project]
        argv += [part for name in files for part in ("--file", str(self.folder / f"{name}.yaml"))]
        env = environment(variables)
        return run_command(self.keeper, [*argv, *arguments], timeout_s=timeout_s, env=env, watch=watch)


def environment(variables: Variables) -> dict[str, str]:
    """The environment for Compose: what the docker command needs, plus only the given stack variables.

    A SERVER_CPUS or LISTENER left over in the user's shell must not change how a cell runs.
    """
    kept = ("HOME", "PATH", "TMPDIR", "USER", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")
    docker = {k: v for k, v in os.environ.items() if k.startswith(("DOCKER_", "BUILDKIT_", "BUILDX_", "XDG_"))}
    # Nor must a .env file in the working directory.
    own = {"COMPOSE_DISABLE_ENV_FILE": "1"}
    return {**{k: os.environ[k] for k in kept if k in os.environ}, **docker, **own, **variables}


def _buildx_folder(spare: Path) -> dict[str, str]:
    """A place in `spare` for buildx's files if it cannot make its own: a home may be read-only."""
    if os.environ.get("BUILDX_CONFIG"):
        return {}
    folder = config_folder() / "buildx"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return {"BUILDX_CONFIG": str(spare / "buildx")}
    return {} if os.access(folder, os.W_OK) else {"BUILDX_CONFIG": str(spare / "buildx")}


def docker_argv(context: str | None) -> list[str]:
    """The docker command, for the chosen context."""
    return ["docker", "--context", context] if context else ["docker"]


def check_compose() -> str:
    """The version of Compose. Raises `EngineError` if it is missing or too old."""
    wanted = ".".join(map(str, OLDEST))
    install = f"install the Compose plugin, {wanted} or later (packages docker-compose-plugin, docker-compose-v2)"
    if shutil.which("docker") is None:
        raise EngineError(
            f"there is no docker command on PATH; {install} and the docker command, or use --backend local"
        )
    try:
        done = subprocess.run(
            ["docker", "compose", "version", "--short"],  # noqa: S607 - deliberately the docker on the user's PATH
            capture_output=True,
            text=True,
            timeout=_VERSION_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"`docker compose version` cannot be run: {error}; {install}") from error
    version = re.match(r"v?(\d+)\.(\d+)\.(\d+)", done.stdout.strip())
    if done.returncode or not version:
        old = " (docker-compose is Compose v1, too old)" if shutil.which("docker-compose") else ""
        raise EngineError(f"`docker compose` is missing{old}; {install}, or use --backend local")
    if tuple(map(int, version.groups())) < OLDEST:
        raise EngineError(f"`docker compose` is {done.stdout.strip()}; {install}, or use --backend local")
    return done.stdout.strip()


def explain(output: str, base: str = "", variable: str = "BASE_IMAGE") -> str:
    """Summarise a failed command's output, and say what to do if that is known.

    `base` is the image it built on, and `variable` the variable that names that image.
    """
    if own := _OWN_WORDS.search(output):
        return own[1]
    if "no space left on device" in output.lower():
        return (
            "the engine has no disk space left; see what uses it with `docker system df`, and free some with "
            "`docker builder prune` or `docker image prune`"
        )
    if missing := _missing_base(output) or (base if any(sign in output for sign in _NO_BASE) else ""):
        return (
            f"the base image {missing} is not on the engine and no registry provides it; "
            f"make one with `sudo python3 scripts/build_base_image.py`, or name another with {variable}"
        )
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it wrote nothing"


def _missing_base(output: str) -> str:
    """The base image that BuildKit could not look up. For parallel builds, it may only report which one it gave up."""
    broken = re.findall(r"^#(\d+) (?:ERROR|CANCELED)", output, re.MULTILINE)
    steps = re.findall(r"^#(\d+) \[.*internal\] load metadata for (\S+)$", output, re.MULTILINE)
    reported = re.findall(r"^ > \[.*internal\] load metadata for (\S+):$", output, re.MULTILINE)
    names = [*reported, *(name for number, name in steps if number in broken)]
    # BuildKit puts the registry and its folder in front of a plain name.
    return re.sub(r"^[\w.]+/library/", "", names[0]) if names else ""
