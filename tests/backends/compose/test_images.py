"""What images are built from: everything a Dockerfile asks for, of the catalogue in use, and told apart by content."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from topolab.backends.compose.images import compose_folder, digest, stage
from topolab.catalogue.root import own_root

DOCKERFILES = ("servers/Dockerfile", "nginx/Dockerfile", "loadtest/Dockerfile", "loadtest/browser/Dockerfile")
SPAM = 'name = "spam"\nsummary = "spam"\ncommand = ["spam"]\n'
BASE = ("debian:trixie-slim", "sha256:1")


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """The lab's own catalogue, staged."""
    folder = tmp_path / "staged"
    stage(own_root(), folder)
    return folder


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def copied(dockerfile: str) -> list[str]:
    """What the COPY lines take from the build context."""
    found = []
    for line in (own_root() / dockerfile).read_text().splitlines():
        if line.startswith("COPY ") and "--from=" not in line:
            words = [word for word in line.split()[1:] if not word.startswith("--")]
            found += words[:-1]
    return found


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_all_that_a_dockerfile_copies_is_staged_beside_it(staged: Path, dockerfile: str) -> None:
    assert (staged / dockerfile).is_file()
    wanted = copied(dockerfile)
    assert wanted
    assert [source for source in wanted if not (staged / source).exists()] == []


def test_the_build_context_lets_through_all_that_dockerfiles_copy() -> None:
    lines = (own_root() / ".dockerignore").read_text().splitlines()
    let_through = {line.removeprefix("!") for line in lines if line.startswith("!")}
    wanted = {source for dockerfile in DOCKERFILES for source in copied(dockerfile)}
    assert lines[0] == "**"
    assert {source for source in wanted if not any(f"{source}/".startswith(f"{p}/") for p in let_through)} == set()


def test_what_is_staged_is_the_catalogue_the_package_and_no_more(staged: Path) -> None:
    assert sorted(entry.name for entry in staged.iterdir()) == [
        *("apps", "compose", "loadtest", "nginx", "servers", "src"),
    ]
    assert [file for file in files(staged) if re.search(r"__pycache__|\.pyc$|_catalogue", file)] == []
    assert (staged / "src" / "topolab" / "fetch" / "__main__.py").is_file()


def test_compiled_files_are_left_out(tmp_path: Path) -> None:
    root = catalogue_root(tmp_path / "mine", {"spam": SPAM})
    cache = root / "servers" / "spam" / "__pycache__"
    cache.mkdir()
    for file in (cache / "x.cpython-313.pyc", cache / "note.txt", root / "servers" / "spam" / "old.pyc"):
        file.touch()
    stage(root, tmp_path / "staged")
    assert {file for file in files(tmp_path / "staged") if "spam" in file} == {"servers/spam/server.toml"}


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    root = catalogue_root(tmp_path / "mine", {"spam": SPAM, ".spam-old": SPAM})
    (root / "servers" / "spam" / ".server.toml.swp").touch()
    (root / "servers" / "spam" / ".#server.toml").symlink_to("user@host.1234")
    stage(root, tmp_path / "staged")
    assert {file for file in files(tmp_path / "staged") if "spam" in file} == {"servers/spam/server.toml"}


def test_a_catalogue_of_links_is_staged_as_files(tmp_path: Path) -> None:
    root = catalogue_root(tmp_path / "mine", {})
    assert (root / "apps").is_symlink()
    linked = tmp_path / "linked"
    linked.symlink_to(root)
    stage(linked, tmp_path / "staged")
    stage(own_root(), tmp_path / "own")
    assert [path for path in (tmp_path / "staged").rglob("*") if path.is_symlink()] == []
    assert files(tmp_path / "staged") == files(tmp_path / "own")


def test_a_catalogues_own_files_lie_over_the_labs(tmp_path: Path) -> None:
    root = catalogue_root(tmp_path / "mine", {"spam": SPAM})
    (root / "servers" / "serve.py").write_text("print('mine')\n")
    stage(root, tmp_path / "staged")
    stage(own_root(), tmp_path / "own")
    assert files(tmp_path / "staged") - files(tmp_path / "own") == {"servers/spam/server.toml"}
    assert (tmp_path / "staged/servers/spam/server.toml").read_text() == SPAM
    assert (tmp_path / "staged/servers/serve.py").read_text() == "print('mine')\n"
    assert (tmp_path / "staged/servers/Dockerfile").read_text() == (own_root() / "servers/Dockerfile").read_text()


def test_compose_files_are_the_catalogues_where_it_has_some(tmp_path: Path) -> None:
    assert compose_folder(own_root()) == own_root() / "compose"
    root = catalogue_root(tmp_path / "mine", {})
    assert compose_folder(root) == own_root() / "compose"
    (root / "compose").mkdir()
    assert compose_folder(root) == root / "compose"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A small build context."""
    folder = tmp_path / "context"
    (folder / "servers").mkdir(parents=True)
    (folder / "servers" / "serve.py").write_text("print('spam')\n")
    (folder / "servers" / "Dockerfile").write_text("FROM scratch\n")
    return folder


def test_the_same_content_is_the_same_whenever_and_wherever_it_was_written(context: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    for name in ("servers/Dockerfile", "servers/serve.py"):  # in another order than the original's
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(context / name, copy / name)
        os.utime(copy / name, (1, 1))
    assert digest(copy, BASE) == digest(context, BASE)


def _content(context: Path) -> None:
    (context / "servers" / "serve.py").write_text("print('eggs')\n")


def _name(context: Path) -> None:
    (context / "servers" / "serve.py").rename(context / "servers" / "server.py")


def _folder(context: Path) -> None:
    (context / "servers").rename(context / "nginx")


def _execute_bit(context: Path) -> None:
    (context / "servers" / "serve.py").chmod(0o755)


def _one_more(context: Path) -> None:
    (context / "servers" / "empty").touch()


def _moved_text(context: Path) -> None:
    (context / "servers" / "serve.py").write_text("print('spam')\nFROM scratch\n")
    (context / "servers" / "Dockerfile").write_text("")


@pytest.mark.parametrize(
    "change",
    [_content, _name, _folder, _execute_bit, _one_more, _moved_text],
    ids=lambda change: change.__name__.strip("_").replace("_", "-"),
)
def test_a_change_that_an_image_would_show_makes_another_digest(context: Path, change: Callable[[Path], None]) -> None:
    before = digest(context, BASE)
    change(context)
    assert digest(context, BASE) != before


def test_another_base_makes_another_digest(context: Path) -> None:
    bases = [BASE, ("debian:trixie-slim", "sha256:2"), ("mine:trixie", "sha256:1"), ("debian:trixie-slim", ""), ()]
    assert len({digest(context, base) for base in bases}) == len(bases)
