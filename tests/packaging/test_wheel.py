"""The installed package is complete, and its command does the same as the checkout's."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.command import ROOT, environment, run_matrix


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as site-packages would be after installing the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site-packages")
    return folder / "site-packages"


def installed_command(
    installed: Path, folder: Path, *arguments: str, preamble: str = ""
) -> subprocess.CompletedProcess[str]:
    """The console script's function, in a process that finds the installed package first."""
    program = f"import sys; {preamble}from topolab.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env=environment(PYTHONPATH=str(installed)),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_installed_command_lists_the_same_as_the_checkout(installed: Path, tmp_path: Path) -> None:
    assert list(installed.glob("topolab-*.dist-info/licenses/LICENSE"))
    tell = "import topolab; print(topolab.__file__, file=sys.stderr); "
    listed = installed_command(installed, tmp_path, "--list", preamble=tell)
    assert (listed.returncode, listed.stderr) == (0, f"{installed / 'topolab' / '__init__.py'}\n")
    assert listed.stdout == run_matrix("--list").stdout


def test_the_installed_command_measures(installed: Path, tmp_path: Path) -> None:
    only = ("--only", "server=granian-asgi", "--only", "topology=alb")
    done = installed_command(installed, tmp_path, "--matrix", "smoke", "--quiet", *only)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "results").glob("*/report.md")] == ["report.md"]


@pytest.mark.parametrize(
    ("launcher", "words", "expected"),
    [
        ("servers/serve.py", ["uvicorn", "--app", "bare", "--listener", "cleartext", "--print"], '{"argv": ['),
        (
            "compose/start_proxy.py",
            ["nlb-tcp", "--binary", "nginx", "--prefix", "nowhere", "--print"],
            "# A Network Load Balancer",
        ),
    ],
)
def test_the_installed_launchers_find_their_package(
    installed: Path, launcher: str, words: list[str], expected: str
) -> None:
    where = ["--host", "127.0.0.1", "--port", "1"]
    if launcher == "compose/start_proxy.py":
        where = [
            *("--edge-host", "127.0.0.1", "--edge-port", "1"),
            *("--server-host", "127.0.0.1", "--server-port", "2"),
        ]
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(installed / "topolab" / "_catalogue" / launcher), *words, *where],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout[: len(expected)]) == (0, "", expected)
