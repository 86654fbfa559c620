"""The files that cells run from: an edit of one is noticed, an edit of any other is not."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

import pytest

from support.catalogues import catalogue_root
from support.planning import cell, matrix, planned
from topolab.backends.compose.context import copied
from topolab.backends.local.backend import LocalBackend
from topolab.backends.local.proxies import find_proxies
from topolab.backends.used_files import PACKAGE, RUNNING, unused_parts, used_files
from topolab.catalogue import Catalogue, default_root, load_catalogue
from topolab.errors import StageError
from topolab.model.cell import Cell
from topolab.process.cpus import CpuLayout
from topolab.process.group import ProcessKeeper

COPIED = ("apps", "loadtest", "nginx", "servers")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the catalogue, whose files a test may edit."""
    return catalogue_root(tmp_path / "mine", {}, COPIED)


def behind_alb(catalogue: Catalogue) -> Cell:
    return cell(catalogue, "hypercorn-asyncio", "alb", "h2")


def users(catalogue: Catalogue) -> Cell:
    (found,) = planned(catalogue, matrix(("hypercorn-asyncio",), ("bare",), ("alb",), ("h2",), ("journeys",))).cells
    return found


def edit(root: Path, name: str) -> None:
    file = root / name
    file.write_text(file.read_text() + ("\nspam = 1\n" if name.endswith(".toml") else "\n# edited\n"))


@pytest.mark.parametrize(
    ("edited", "part"),
    [
        ("servers/hypercorn/server.toml", "servers/hypercorn"),
        ("apps/bare/bare_asgi.py", "apps/bare"),
        ("apps/common/origin_asgi.py", "apps/common"),
        ("nginx/alb.conf", "nginx/alb.conf"),
        ("nginx/alb-common.conf", "nginx/alb-common.conf"),
        ("nginx/proxy.toml", "nginx/proxy.toml"),
        ("nginx/topologies/alb.toml", "nginx/topologies/alb.toml"),
    ],
)
def test_an_edit_of_a_used_file_is_noticed(root: Path, edited: str, part: str) -> None:
    catalogue = load_catalogue(root)
    cells = [behind_alb(catalogue)]
    before = used_files(catalogue, cells)
    edit(root, edited)
    after = used_files(catalogue, cells)
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == {part}


@pytest.mark.parametrize(
    "edited",
    [
        "servers/granian/server.toml",
        "servers/serve.py",
        "servers/requirements.lock",
        "apps/fastapi/fastapi_app.py",
        "nginx/nlb-tls.conf",
        "nginx/topologies/nlb-tcp.toml",
        "nginx/Dockerfile",
        "loadtest/locustfile.py",
        "loadtest/profiles/steady.toml",
        "loadtest/matrices/full.toml",
    ],
)
def test_an_edit_of_any_other_file_changes_nothing(root: Path, edited: str) -> None:
    catalogue = load_catalogue(root)
    before = used_files(catalogue, [behind_alb(catalogue)])
    edit(root, edited)
    assert used_files(catalogue, [behind_alb(catalogue)]) == before


def test_a_driver_says_which_of_the_catalogues_files_it_uses(root: Path) -> None:
    catalogue = load_catalogue(root)
    before = used_files(catalogue, [users(catalogue)])
    edit(root, "loadtest/locustfile.py")
    after = used_files(catalogue, [users(catalogue)])
    assert {name for name in before if before[name] != after[name]} == {"loadtest/locustfile.py"}


def test_a_driver_of_the_catalogues_own_is_one_of_its_files(root: Path) -> None:
    driver = root / "drivers" / "mine"
    shutil.copytree(default_root() / PACKAGE / "drivers" / "curl", driver)
    text = (driver / "descriptor.py").read_text().replace('"curl"', '"mine"')
    (driver / "descriptor.py").write_text(text)
    profile = (root / "loadtest/profiles/ceiling.toml").read_text().replace('"ceiling"', '"by-mine"')
    (root / "loadtest/profiles/by-mine.toml").write_text(profile.replace('"curl"', '"mine"'))
    catalogue = load_catalogue(root)
    (found,) = planned(catalogue, matrix(("granian-asgi",), ("bare",), ("direct",), ("h2",), ("by-mine",))).cells
    assert "drivers/mine" in used_files(catalogue, [found])
    assert "drivers/mine" not in used_files(catalogue, [behind_alb(catalogue)])
    assert "drivers/mine" in unused_parts(catalogue, [behind_alb(catalogue)])


def test_only_the_parts_that_the_cells_run_are_in_use(catalogue: Catalogue) -> None:
    cells = [behind_alb(catalogue)]
    unused = unused_parts(catalogue, cells)
    assert not unused & set(used_files(catalogue, cells))
    assert {"apps/fastapi", "servers/granian", "nginx/topologies/nlb-tcp.toml", "loadtest/locustfile.py"} <= unused
    assert {PurePosixPath(part).parts[0] for part in unused} == {"apps", "loadtest", "servers", "nginx"}


def test_the_packages_that_are_compared_are_those_that_images_contain() -> None:
    dockerfiles = (default_root() / name for name in ("servers/Dockerfile", "nginx/Dockerfile", "loadtest/Dockerfile"))
    sources = {source for file in dockerfiles for source in copied(file.read_text()) if source.startswith(PACKAGE)}
    assert sorted(source for source in sources if not source.endswith(".py")) == [f"{PACKAGE}/{n}" for n in RUNNING]


def test_no_stack_starts_from_files_that_changed_during_the_run(root: Path, keeper: ProcessKeeper) -> None:
    catalogue = load_catalogue(root)
    wanted = behind_alb(catalogue)
    with backend(catalogue, keeper, [wanted]) as stacks:
        with stacks.stack(wanted):
            pass
        edit(root, "apps/bare/bare_asgi.py")
        expected = r"^apps/bare changed after the run began; start a new run$"
        with pytest.raises(StageError, match=expected), stacks.stack(wanted):
            pass


def backend(catalogue: Catalogue, keeper: ProcessKeeper, cells: list[Cell]) -> LocalBackend:
    recorded = used_files(catalogue, cells)
    return LocalBackend(catalogue, find_proxies(catalogue), keeper, CpuLayout(None, None, None), recorded)
