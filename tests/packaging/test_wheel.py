"""The installed package is complete, and its command does the same as the checkout's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from catalogue_in_wheel import CatalogueHook
from support.catalogues import catalogue_root
from support.command import ROOT, environment, run_matrix
from support.extending import add_files, files_of
from support.wheels import build_wheel, unpacked
from topolab.launch.root import FOLDERS


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return unpacked(build_wheel(ROOT, folder), folder / "site-packages")


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


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the proxy and the driver of docs/extending.md."""
    checkout = catalogue_root(tmp_path_factory.mktemp("extended"), {}, copied=("loadtest",))
    for name in ("compose", "src", "scripts", "LICENSE", "README.md", "pyproject.toml"):
        (checkout / name).symlink_to(ROOT / name)
    add_files(checkout, files_of("A proxy") | files_of("A driver"))
    return checkout


def test_the_wheel_of_an_extended_checkout_has_its_proxy_and_its_driver(extended: Path, tmp_path: Path) -> None:
    site_packages = unpacked(build_wheel(extended, tmp_path), tmp_path / "site-packages")
    inside = site_packages / "topolab" / "_catalogue"
    assert {folder.name for folder in inside.iterdir()} == {*FOLDERS, "compose", "drivers", "nginx", "relay"}
    added = files_of("A proxy") | files_of("A driver")
    assert {name: (inside / name).read_text(encoding="utf-8") for name in added} == added
    listed = installed_command(site_packages, tmp_path, "--list", "--json")
    assert (listed.returncode, listed.stderr) == (0, "")
    names = json.loads(listed.stdout)
    assert "relayed" in names["topology"]
    assert "plain-ceiling" in names["profile"]


def test_an_editable_wheel_has_no_catalogue_because_it_leads_to_the_checkouts(extended: Path, tmp_path: Path) -> None:
    hook = CatalogueHook(str(extended), {}, Mock(), Mock(), str(tmp_path), "wheel")
    added: dict[str, dict[str, dict[str, str]]] = {"standard": {"force_include": {}}, "editable": {"force_include": {}}}
    for version, build_data in added.items():
        hook.initialize(version, build_data)
    assert str(extended / "relay") in added["standard"]["force_include"]
    assert added["editable"] == {"force_include": {}}
