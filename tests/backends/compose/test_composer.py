"""Running Compose: its environment, its refusals, and the one line made of a failure.

The files in outputs/ are complete outputs of `docker compose` 2.26.1 on an engine 20.10.24.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from topolab.backends.compose.composer import Composer, check_compose, docker_argv, environment, explain
from topolab.errors import EngineError
from topolab.process.command import Done
from topolab.process.group import ProcessKeeper

OUTPUTS = Path(__file__).parent / "outputs"

INSTALL = "install the Compose plugin, 2.24.4 or later (packages docker-compose-plugin, docker-compose-v2)"
NO_SPACE = (
    "the engine has no disk space left; see what uses it with `docker system df`, and free some with "
    "`docker builder prune` or `docker image prune`"
)
NO_BASE = (
    "the base image 127.0.0.1:1/none:none is not on the engine and no registry provides it; make one with "
    "`sudo python3 scripts/build_base_image.py`, or name another with BASE_IMAGE"
)
PORT_TAKEN = (
    "Error response from daemon: driver failed programming external connectivity on endpoint "
    "topolab-test-4864-server-1 (da128c3185cc2e53286d524c5c9a328d97b3f13d2f1bb9337e725f0fa9edad48): "
    "Error starting userland proxy: listen tcp4 127.0.0.1:42509: bind: address already in use"
)
NO_IMAGE = "Error response from daemon: no such image: topolab-server:none: No such image: topolab-server:none"


@pytest.mark.parametrize(
    ("file", "meaning"),
    [
        ("no-base-image.txt", NO_BASE),
        ("no-base-image-cancelled.txt", NO_BASE),
        ("port-taken.txt", PORT_TAKEN),
        ("no-image.txt", NO_IMAGE),
        ("engine-disk-full.txt", NO_SPACE),
        ("build-step-disk-full.txt", NO_SPACE),
    ],
)
def test_a_failure_is_reduced_to_one_line(file: str, meaning: str) -> None:
    assert explain((OUTPUTS / file).read_text(encoding="utf-8")) == meaning


def test_a_base_image_the_caller_must_set_is_named() -> None:
    last = (OUTPUTS / "no-base-image-cancelled.txt").read_text(encoding="utf-8").splitlines()[-1]
    assert explain(last, "127.0.0.1:1/none:none") == NO_BASE


def test_a_failure_without_its_beginning_gives_the_same_line() -> None:
    output = (OUTPUTS / "no-base-image.txt").read_text(encoding="utf-8")
    assert explain(output[len(output) // 2 :]) == NO_BASE


@pytest.mark.parametrize(("output", "meaning"), [("", "it wrote nothing"), ("\n \n", "it wrote nothing")])
def test_a_failure_without_output_is_reported_as_such(output: str, meaning: str) -> None:
    assert explain(output) == meaning


def test_compose_gets_dockers_variables_and_only_the_given_stack_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needed = {
        "HOME": "/home/cook",
        "PATH": "/usr/bin",
        "DOCKER_HOST": "tcp://127.0.0.1:2375",
        "DOCKER_CERT_PATH": "/certs",
        "BUILDKIT_PROGRESS": "plain",
        "XDG_RUNTIME_DIR": "/run/user/1",
        "SSL_CERT_FILE": "/certs/ca.pem",
    }
    left_over = {
        "LISTENER": "quic",
        "SERVER_CPUS": "7",
        "SERVER": "spam",
        "NO_HEALTH_CHECKS": "",
        "COMPOSE_FILE": "/elsewhere/compose.yaml",
        "COMPOSE_PROJECT_NAME": "elsewhere",
        "TOPOLAB_OWNER": "somebody",
    }
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in (needed | left_over).items():
        monkeypatch.setenv(name, value)
    assert environment({"SERVER": "hypercorn", "PROXY_CPUS": ""}) == {
        **needed,
        "COMPOSE_DISABLE_ENV_FILE": "1",
        "SERVER": "hypercorn",
        "PROXY_CPUS": "",
    }


def test_a_given_variable_is_not_overridden_by_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    assert environment({"TMPDIR": "/here"})["TMPDIR"] == "/here"


def test_a_context_is_passed_only_to_docker() -> None:
    assert [docker_argv(None), docker_argv("lab")] == [["docker"], ["docker", "--context", "lab"]]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)


def refusal() -> str:
    with pytest.raises(EngineError) as raised:
        check_compose()
    return str(raised.value)


# The docker command's answer to `docker compose version --short` without the plugin; its exit code is 125.
UNKNOWN = """#!/bin/sh
echo "unknown flag: --short

Usage:  docker [OPTIONS] COMMAND [ARG...]

Run 'docker --help' for more information" >&2
exit 125
"""


@pytest.mark.parametrize("version", ["2.24.4", "2.26.1-4", "v2.29.7", "2.40.3-desktop.1", "3.0.0", "10.0.0"])
def test_a_recent_compose_is_used_and_its_version_returned(path: Path, version: str) -> None:
    put(path, "docker", f'#!/bin/sh\n[ "$*" = "compose version --short" ] && echo {version}\n')
    assert check_compose() == version


@pytest.mark.parametrize("version", ["2.20.0", "2.24.3", "v2.9.9", "1.29.2"])
def test_an_old_compose_is_refused_with_its_version(path: Path, version: str) -> None:
    put(path, "docker", f"#!/bin/sh\necho {version}\n")
    assert refusal() == f"`docker compose` is {version}; {INSTALL}, or use --backend local"


@pytest.mark.usefixtures("path")
def test_without_docker_both_packages_are_named() -> None:
    assert refusal() == (
        f"there is no docker command on PATH; {INSTALL} and the docker command, or use --backend local"
    )


def test_a_missing_compose_plugin_differs_from_an_old_one(path: Path) -> None:
    put(path, "docker", UNKNOWN)
    assert refusal() == f"`docker compose` is missing; {INSTALL}, or use --backend local"
    put(path, "docker-compose", "#!/bin/sh\necho 1.29.2\n")
    assert refusal() == (
        f"`docker compose` is missing (docker-compose is Compose v1, too old); {INSTALL}, or use --backend local"
    )


@pytest.mark.parametrize("printed", ["", "dev", "Docker Compose version v2.29.7"])
def test_an_unreadable_version_counts_as_no_plugin(path: Path, printed: str) -> None:
    put(path, "docker", f"#!/bin/sh\necho {printed}\n")
    assert refusal() == f"`docker compose` is missing; {INSTALL}, or use --backend local"


def test_a_docker_that_cannot_be_started_is_reported_with_the_reason(path: Path) -> None:
    put(path, "docker", "#!/no/such/interpreter\n")
    assert refusal() == (
        f"`docker compose version` cannot be run: [Errno 2] No such file or directory: 'docker'; {INSTALL}"
    )


# The output of `docker compose --progress plain build` where one of our Dockerfiles refused its base.
REFUSED = """#7 [server system 1/2] RUN . /etc/os-release
#7 0.134 topolab: the base image is bookworm, expected trixie; set BASE_IMAGE
#7 ERROR: process "/bin/sh -c . /etc/os-release" did not complete successfully: exit code: 1
------
 > [server system 1/2] RUN . /etc/os-release:
0.134 topolab: the base image is bookworm, expected trixie; set BASE_IMAGE
------
failed to solve: process "/bin/sh -c . /etc/os-release" did not complete successfully: exit code: 1
"""


def test_a_dockerfiles_own_message_is_the_failures_meaning() -> None:
    assert explain(REFUSED) == "the base image is bookworm, expected trixie; set BASE_IMAGE"


def test_a_missing_base_is_named_with_the_variable_of_its_release() -> None:
    output = (OUTPUTS / "no-base-image.txt").read_text(encoding="utf-8")
    assert explain(output, variable="BASE_IMAGE_BOOKWORM") == f"{NO_BASE}_BOOKWORM"


# A docker command that prints where buildx would write.
BUILDX = """#!/bin/sh
echo "BUILDX_CONFIG=$BUILDX_CONFIG"
"""


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"HOME": "/proc"}, "{keeper}/buildx"),
        ({"HOME": "/proc/nowhere"}, "{keeper}/buildx"),
        ({"HOME": "/proc", "DOCKER_CONFIG": "{tmp}"}, ""),
        ({"HOME": "{tmp}"}, ""),
        ({"HOME": "/proc", "BUILDX_CONFIG": "/mine"}, "/mine"),
    ],
)
def test_buildx_writes_elsewhere_only_if_the_users_folder_is_read_only(
    variables: dict[str, str], place: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(path, "docker", BUILDX)
    for name in ("DOCKER_CONFIG", "BUILDX_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(tmp=tmp_path))
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    with ProcessKeeper() as keeper:
        done = Composer(tmp_path, None, keeper).build((), (), {}, [].append)
        assert done == Done(0, f"BUILDX_CONFIG={place.format(keeper=keeper.folder)}")
