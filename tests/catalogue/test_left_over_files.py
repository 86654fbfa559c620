"""Files and marks that editors and systems leave in a catalogue are ignored."""

from __future__ import annotations

import codecs
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from topolab.catalogue import load_catalogue

ROOT = Path(__file__).parents[2]
FILES = [
    "servers/granian/server.toml",
    "apps/bare/app.toml",
    "nginx/topologies/alb.toml",
    "loadtest/profiles/ceiling.toml",
    "loadtest/matrices/smoke.toml",
]


@pytest.mark.parametrize("name", ["._{}", ".#{}", ".{}.swp.toml"])
@pytest.mark.parametrize("file", FILES)
def test_a_hidden_file_is_ignored(root: Path, file: str, name: str) -> None:
    before = load_catalogue(root)
    hidden = (root / file).with_name(name.format(Path(file).name))
    hidden.write_bytes(b"\0\5\26\7 what macOS writes for a volume that keeps no attributes")
    assert load_catalogue(root) == before


@pytest.mark.parametrize("file", FILES)
def test_a_hidden_broken_link_is_ignored(root: Path, file: str) -> None:
    """Emacs creates such a link next to a file that is being edited."""
    before = load_catalogue(root)
    (root / file).with_name(f".#{Path(file).name}").symlink_to("user@host.1234:5678")
    assert load_catalogue(root) == before


@pytest.mark.parametrize(("folder", "file"), [("servers/granian", "server.toml"), ("apps/bare", "app.toml")])
def test_a_hidden_folder_is_ignored(root: Path, folder: str, file: str) -> None:
    before = load_catalogue(root)
    old = (root / folder).with_name(f".{Path(folder).name}-old")
    shutil.copytree(root / folder, old)
    (old / file).write_text("spoiled")
    assert load_catalogue(root) == before


def test_a_catalogue_inside_a_hidden_folder_is_read(root: Path, tmp_path: Path) -> None:
    before = load_catalogue(root)
    moved = tmp_path / ".hidden" / "catalogue"
    shutil.copytree(root, moved)
    assert load_catalogue(moved).matrices == before.matrices


@pytest.mark.parametrize("file", FILES)
def test_a_byte_order_mark_is_ignored(root: Path, file: str) -> None:
    before = load_catalogue(root)
    (root / file).write_bytes(codecs.BOM_UTF8 + (root / file).read_bytes())
    assert load_catalogue(root) == before


def test_the_launchers_ignore_a_byte_order_mark(tmp_path: Path) -> None:
    for folder in ("servers", "apps", "nginx"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES[:3]:
        (tmp_path / file).write_bytes(codecs.BOM_UTF8 + (tmp_path / file).read_bytes())
    server = [str(ROOT / "servers" / "serve.py"), "--root", str(tmp_path), "granian-asgi", "--app", "bare"]
    server += ["--listener", "cleartext", "--host", "127.0.0.1", "--port", "1", "--print"]
    done = subprocess.run([sys.executable, *server], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
