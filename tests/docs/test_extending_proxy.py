"""The proxy in docs/extending.md can be measured through from its folder in a catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.cells import cell_of
from support.command import engine_of_this_machine, run_matrix
from support.engines import site_here
from support.extending import add_files, files_of
from topolab.backends.local.site import LocalSite
from topolab.catalogue import Catalogue, load_catalogue
from topolab.model.protocol import ClientProtocol
from topolab.process.group import ProcessKeeper

FILES = {"relay/proxy.toml", "relay/topologies/relayed.toml", "relay/relay.py", "relay/Dockerfile"}
CELL = "hypercorn-asyncio/bare-asgi/relayed/h2/ceiling"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The checkout's catalogue with the page's files added."""
    found = files_of("A proxy")
    assert set(found) == FILES
    root = catalogue_root(tmp_path / "catalogue", {})
    add_files(root, found)
    return root


def measured(root: Path, out: Path, backend: str, **variables: str) -> tuple[dict[str, object], dict[str, object]]:
    """The cell through the relay, and the run's environment."""
    only = ("server=hypercorn-asyncio", "app=bare", "topology=relayed", "protocol=h2", "profile=ceiling")
    done = run_matrix(
        *("--matrix", "full", "--rounds", "1", "--backend", backend, "--json", "--quiet", "--out", str(out)),
        *(word for choice in only for word in ("--only", choice)),
        TOPOLAB_CATALOGUE=str(root),
        **variables,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    (cell,) = (cell for cell in results["cells"] if cell["id"] == CELL)
    return cell, results


def test_a_proxys_folder_is_enough_to_measure_through_it_locally(root: Path, tmp_path: Path) -> None:
    cell, _ = measured(root, tmp_path / "out", "local")
    assert (cell["status"], cell["downgraded"]) == ("measured", False)


@pytest.mark.usefixtures("renaming_images")
def test_a_proxys_folder_is_enough_to_measure_through_it_in_containers(
    catalogue: Catalogue, root: Path, tmp_path: Path
) -> None:
    site_here(catalogue).close()
    cell, _ = measured(root, tmp_path / "out", "docker", **engine_of_this_machine())
    assert (cell["status"], cell["downgraded"]) == ("measured", False)


def test_a_proxys_argv_is_recorded_and_its_log_file_is_read(root: Path) -> None:
    catalogue = load_catalogue(root)
    cell = cell_of(catalogue, "relayed", ClientProtocol.H2, "hypercorn-asyncio")
    with (
        ProcessKeeper() as keeper,
        LocalSite(catalogue).open("the-tests", keeper) as backend,
        backend.stack(cell) as stack,
    ):
        argv, log = stack.argv["proxy"], stack.log_tail()
    assert (argv[:2], argv[2], argv[4]) == (("python3", f"{root}/relay/relay.py"), "127.0.0.1", "127.0.0.1")
    assert "[proxy]\nrelaying to 127.0.0.1" in log
