"""The driver in docs/extending.md makes a load from its folder in a catalogue."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.command import run_matrix
from support.extending import add_files, files_of, section
from support.matrices import matrix_file
from support.runs import only_run
from topolab.backends.packages import in_no_image
from topolab.catalogue import Catalogue, load_catalogue
from topolab.drivers.registry import drivers
from topolab.errors import InputError

DESCRIPTOR, WORKER = "drivers/plain/descriptor.py", "drivers/plain/__main__.py"
PROFILE = "loadtest/profiles/plain-ceiling.toml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The checkout's catalogue with the page's files added."""
    found = files_of("A driver")
    assert set(found) == {DESCRIPTOR, WORKER, PROFILE}
    root = catalogue_root(tmp_path / "catalogue", {}, copied=("servers", "loadtest"))
    add_files(root, found)
    selected = {"servers": ["hypercorn-asyncio"], "protocols": ["h1c", "h2"], "profiles": ["plain-ceiling"]}
    matrix_file(root / "plain.toml", **selected)
    return root


def run(root: Path, out: Path, *arguments: str) -> dict[str, dict[str, object]]:
    """The cells and skips of a run of both protocols, by client protocol."""
    done = run_matrix(
        *("--matrix", str(root / "plain.toml"), "--backend", "local", "--json", "--quiet", "--out", str(out)),
        *arguments,
        TOPOLAB_CATALOGUE=str(root),
    )
    assert done.returncode == 0, done.stderr
    return {cell["client_protocol"]: cell for cell in json.loads(done.stdout)["cells"]}


def test_a_drivers_folder_is_enough_to_measure_with_it(root: Path, tmp_path: Path) -> None:
    cells = run(root, tmp_path / "out")
    assert {client: (cell["status"], cell["reason"]) for client, cell in cells.items()} == {
        "h1c": ("measured", None),
        "h2": ("skipped", "plain: it speaks HTTP/1.1 in cleartext only"),
    }
    assert (cells["h1c"]["bad_responses"], cells["h1c"]["good_responses"] is None) == ({}, False)


def test_the_pages_command_measures_with_the_driver(root: Path, tmp_path: Path) -> None:
    (command,) = re.findall(r"^```\n(python3 .*?)^```$", section("A driver"), re.MULTILINE | re.DOTALL)
    python, script, *arguments = shlex.split(command.replace("\\\n", ""))
    assert (python, script) == ("python3", "scripts/run_matrix.py")
    out = tmp_path / "out"
    done = run_matrix(*arguments, "--json", "--quiet", "--out", str(out), TOPOLAB_CATALOGUE=str(root))
    assert done.returncode == 0, done.stderr
    assert [(cell["profile"], cell["status"]) for cell in json.loads(done.stdout)["cells"]][:1] == [
        ("plain-ceiling", "measured")
    ]


def test_an_error_in_the_driver_is_a_failed_cell_with_its_traceback_in_the_report(root: Path, tmp_path: Path) -> None:
    edited(WORKER, "    gate.loaded()", '    print("before the error")\n    raise ValueError("no spam")')(root)
    out = tmp_path / "out"
    arguments = ("--matrix", str(root / "plain.toml"), "--backend", "local", "--only", "protocol=h1c")
    done = run_matrix(*arguments, "--out", str(out), TOPOLAB_CATALOGUE=str(root))
    cell = "hypercorn-asyncio/bare-asgi/direct/h1c/plain-ceiling"
    assert done.returncode == 1, done.stderr
    assert f"failed: {cell}: load: the load worker failed: ValueError: no spam\n" in done.stdout.replace(" \n", "\n")
    assert "\n    ValueError: no spam\n" in done.stdout
    report = (only_run(out) / "report.md").read_text()
    assert "  [load worker]\n  before the error\n  Traceback (most recent call last):\n" in report
    assert f'  File "{root / WORKER}", line ' in report


def test_the_driver_belongs_only_to_that_catalogue(root: Path, catalogue: Catalogue) -> None:
    found = load_catalogue(root)
    assert (set(found.drivers) - set(drivers()), set(catalogue.drivers)) == ({"plain"}, set(drivers()))
    assert found.drivers["plain"].worker == ("-m", "topolab.drivers", str(root / "drivers" / "plain"))


def test_in_containers_the_driver_is_refused_with_the_reason(root: Path, catalogue: Catalogue) -> None:
    assert in_no_image(load_catalogue(root)) == {
        "plain": "plain is a driver in the catalogue's drivers/, which no image has: use --backend local"
    }
    assert in_no_image(catalogue) == {}


def edited(file: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        text = (root / file).read_text(encoding="utf-8")
        assert old in text
        (root / file).write_text(text.replace(old, new), encoding="utf-8")

    return edit


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            edited(DESCRIPTOR, '"plain",', '"spam",'),
            f"{DESCRIPTOR}: name: must be 'plain', the name of its folder, not 'spam'",
        ),
        (
            edited(DESCRIPTOR, "DRIVER =", "SPAM ="),
            f"{DESCRIPTOR}: DRIVER: must be a Descriptor from topolab.drivers.descriptor",
        ),
        (
            edited(DESCRIPTOR, "DRIVER =", "import spam_of_nobody\n\nDRIVER ="),
            f"{DESCRIPTOR}: cannot be imported: ModuleNotFoundError: No module named 'spam_of_nobody'",
        ),
        (
            edited(DESCRIPTOR, "DRIVER =", "raise SystemExit(7)\n\nDRIVER ="),
            f"{DESCRIPTOR}: cannot be imported: SystemExit: 7",
        ),
        (
            lambda root: (root / WORKER).unlink(),
            f"{DESCRIPTOR}: the driver has no worker; expected a __main__.py in the same folder",
        ),
        (
            edited(DESCRIPTOR, '{"closed"}', '{"open"}'),
            f"{PROFILE}: driver: must be one that makes closed loads (curl, h2load, sockets), not 'plain'",
        ),
    ],
    ids=["other-name", "no-descriptor", "broken", "exits", "no-worker", "other-kind"],
)
def test_an_unusable_driver_is_refused_in_one_line(root: Path, spoil: Callable[[Path], None], message: str) -> None:
    spoil(root)
    with pytest.raises(InputError) as refused:
        load_catalogue(root)
    assert str(refused.value) == message


def test_a_driver_named_like_a_built_in_one_is_refused(root: Path) -> None:
    (root / "drivers" / "plain").rename(root / "drivers" / "curl")
    edited("drivers/curl/descriptor.py", '"plain"', '"curl"')(root)
    with pytest.raises(InputError) as refused:
        load_catalogue(root)
    assert (
        str(refused.value)
        == "drivers/curl/descriptor.py: name: 'curl' is the name of one of topolab's own drivers; choose another"
    )


def test_a_run_without_its_driver_is_reported_but_not_resumed(root: Path, tmp_path: Path) -> None:
    run(root, tmp_path / "out")
    (folder,) = (path for path in (tmp_path / "out").iterdir() if (path / "run.sqlite").is_file())
    for name in (WORKER, DESCRIPTOR, PROFILE):
        (root / name).unlink()
    again = ("--resume", folder.name, "--out", str(tmp_path / "out"))
    assert run_matrix(*again, TOPOLAB_CATALOGUE=str(root)).returncode == 0
    with closing(sqlite3.connect(folder / "run.sqlite")) as connection, connection:
        connection.execute("DELETE FROM observation")
    done = run_matrix(*again, TOPOLAB_CATALOGUE=str(root))
    assert (done.returncode, done.stderr) == (
        2,
        f"topolab: --resume {folder.name}: the driver plain no longer exists; start a new run\n",
    )
