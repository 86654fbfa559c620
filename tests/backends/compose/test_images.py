"""The files that images are built from, and the digests that identify them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from topolab.backends.compose.context import compose_folder, copied, parts, stage
from topolab.drivers.registry import drivers
from topolab.launch.root import own_root

DOCKERFILES = ("servers/Dockerfile", "nginx/Dockerfile", "loadtest/Dockerfile", "loadtest/browser/Dockerfile")
SPAM = 'name = "spam"\nsummary = "spam"\ncommand = ["spam"]\n'


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """topolab's own catalogue, staged."""
    folder = tmp_path / "staged"
    stage(own_root(), folder)
    return folder


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def sources(dockerfile: str) -> list[str]:
    return copied((own_root() / dockerfile).read_text())


def test_what_a_dockerfile_copies_is_read_from_its_lines() -> None:
    text = "FROM a AS b\nCOPY --chmod=755 one two/ /to/\nCOPY --from=b /x /y\nCOPY three \\\n    four /to/\nRUN COPY\n"
    assert copied(text) == ["one", "two/", "three", "four"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_everything_a_dockerfile_copies_is_staged_next_to_it(staged: Path, dockerfile: str) -> None:
    assert (staged / dockerfile).is_file()
    wanted = sources(dockerfile)
    assert wanted
    assert [source for source in wanted if not list(staged.glob(source))] == []


def test_the_build_context_includes_everything_dockerfiles_copy() -> None:
    lines = (own_root() / ".dockerignore").read_text().splitlines()
    ignored = [line for line in lines if not line.startswith("#")]
    copied_folders = {source.split("/")[0] for dockerfile in DOCKERFILES for source in sources(dockerfile)}
    wanted = {*copied_folders, "relay"} - {"*"}
    assert {folder for folder in wanted if any(fnmatchcase(folder, pattern) for pattern in ignored)} == set()


@pytest.mark.parametrize("dockerfile", [name for name in DOCKERFILES if name.startswith("loadtest/")])
def test_an_image_of_drivers_has_every_module_that_their_descriptors_import(
    staged: Path, dockerfile: str, tmp_path: Path
) -> None:
    for source in sources(dockerfile):
        if source.startswith("src/"):
            (tmp_path / "image" / source).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (staged / source).is_dir() else shutil.copy
            copy(staged / source, tmp_path / "image" / source)
    asked = "import topolab.fetch, topolab.drivers.worker as w, topolab.drivers.registry as r"
    argv = [sys.executable, "-c", f"{asked}; print(w.__file__, *r.drivers())"]
    env = {"PYTHONPATH": str(tmp_path / "image" / "src")}
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == [f"{tmp_path}/image/src/topolab/drivers/worker.py", *sorted(drivers())]


def test_only_the_catalogue_and_the_package_are_staged(staged: Path) -> None:
    assert sorted(entry.name for entry in staged.iterdir()) == [
        *("apps", "compose", "loadtest", "nginx", "servers", "src"),
    ]
    assert [file for file in files(staged) if re.search(r"__pycache__|\.pyc$|_catalogue", file)] == []
    assert (staged / "src" / "topolab" / "fetch" / "__main__.py").is_file()


def test_compiled_files_are_left_out(tmp_path: Path) -> None:
    root = catalogue_root(tmp_path / "mine", {"spam": SPAM})
    before = parts(root, "servers/Dockerfile")
    cache = root / "servers" / "spam" / "__pycache__"
    cache.mkdir()
    for file in (cache / "x.cpython-313.pyc", cache / "note.txt", root / "servers" / "spam" / "old.pyc"):
        file.touch()
    stage(root, tmp_path / "staged")
    assert {file for file in files(tmp_path / "staged") if "spam" in file} == {"servers/spam/server.toml"}
    assert parts(root, "servers/Dockerfile") == before


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


def test_a_catalogues_own_files_override_the_labs(tmp_path: Path) -> None:
    root = catalogue_root(tmp_path / "mine", {"spam": SPAM})
    (root / "servers" / "serve.py").write_text("print('mine')\n")
    stage(root, tmp_path / "staged")
    stage(own_root(), tmp_path / "own")
    assert files(tmp_path / "staged") - files(tmp_path / "own") == {"servers/spam/server.toml"}
    assert (tmp_path / "staged/servers/spam/server.toml").read_text() == SPAM
    assert (tmp_path / "staged/servers/serve.py").read_text() == "print('mine')\n"
    assert (tmp_path / "staged/servers/Dockerfile").read_text() == (own_root() / "servers/Dockerfile").read_text()


def test_a_catalogues_own_compose_files_take_precedence(tmp_path: Path) -> None:
    assert compose_folder(own_root()) == own_root() / "compose"
    root = catalogue_root(tmp_path / "mine", {})
    assert compose_folder(root) == own_root() / "compose"
    (root / "compose").mkdir()
    assert compose_folder(root) == root / "compose"


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_a_catalogue_of_links_has_the_same_parts_as_its_targets(dockerfile: str, tmp_path: Path) -> None:
    assert parts(catalogue_root(tmp_path / "mine", {}), dockerfile) == parts(own_root(), dockerfile)


def change(name: str, edit: Callable[[str], str]) -> Callable[[Path], None]:
    """Edit one file of a catalogue."""

    def carry_out(root: Path) -> None:
        file = root / name
        file.write_text(edit(file.read_text()))

    return carry_out


def rename(root: Path) -> None:
    (root / "apps/bare/bare_wsgi.py").rename(root / "apps/bare/renamed.py")


def add(root: Path) -> None:
    (root / "apps/bare/empty").touch()


def make_executable(root: Path) -> None:
    (root / "apps/bare/bare_wsgi.py").chmod(0o755)


def append(text: str) -> Callable[[str], str]:
    return lambda before: before + text


CHANGES = {
    "a comment in a server's TOML": (change("servers/granian/server.toml", append("\n# a comment\n")), {}),
    "other line ends in a topology's TOML": (
        change("nginx/topologies/alb.toml", lambda text: text.replace("\n", "\r\n")),
        {},
    ),
    "a value in a server's TOML": (
        change("servers/granian/server.toml", lambda text: text.replace('"granian"', '"spam"', 1)),
        {"servers/Dockerfile": {"servers/granian"}},
    ),
    "an app's code": (
        change("apps/bare/bare_asgi.py", append("# x\n")),
        {"servers/Dockerfile": {"apps/bare"}},
    ),
    "an app's file is renamed": (rename, {"servers/Dockerfile": {"apps/bare"}}),
    "an app has one file more": (add, {"servers/Dockerfile": {"apps/bare"}}),
    "an app's file becomes executable": (make_executable, {"servers/Dockerfile": {"apps/bare"}}),
    "what Locust users and apps share": (
        change("apps/common/origin_contract.py", append("# x\n")),
        {"servers/Dockerfile": {"apps/common"}, "loadtest/Dockerfile": {"apps/common/origin_contract.py"}},
    ),
    "the servers' launcher": (
        change("servers/serve.py", append("# x\n")),
        {"servers/Dockerfile": {"servers/serve.py"}},
    ),
    "a proxy's template": (change("nginx/alb.conf", append("# x\n")), {"nginx/Dockerfile": {"nginx/alb.conf"}}),
    "a topology": (
        change("nginx/topologies/alb.toml", lambda text: text.replace("HTTP/2", "spam", 1)),
        {name: {"nginx/topologies/alb.toml"} for name in ("servers/Dockerfile", "nginx/Dockerfile")},
    ),
    "a Locust file": (
        change("loadtest/locustfile.py", append("# x\n")),
        {"loadtest/Dockerfile": {"loadtest/locustfile.py"}},
    ),
    "a Dockerfile": (
        change("loadtest/Dockerfile", append("# x\n")),
        {"loadtest/Dockerfile": {"loadtest/Dockerfile"}},
    ),
    "a load profile": (change("loadtest/profiles/ceiling.toml", append("\nspam = 1\n")), {}),
    "a damaged TOML": (
        change("servers/granian/server.toml", append("\nspam =\n")),
        {"servers/Dockerfile": {"servers/granian"}},
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_affects_only_images_that_contain_the_file(what: str, tmp_path: Path) -> None:
    carry_out, expected = CHANGES[what]
    root = tmp_path / "mine"
    for name in ("apps", "loadtest", "nginx", "servers"):
        shutil.copytree(own_root() / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("compose", "src"):
        (root / name).symlink_to(own_root() / name)
    before = {name: own_parts(root, name) for name in DOCKERFILES}
    carry_out(root)
    after = {name: own_parts(root, name) for name in DOCKERFILES}
    found = {
        name: {part for part in {*before[name], *after[name]} if before[name].get(part) != after[name].get(part)}
        for name in DOCKERFILES
    }
    assert {name: changed for name, changed in found.items() if changed} == expected


def own_parts(root: Path, dockerfile: str) -> dict[str, str]:
    """The parts of a catalogue that has every file of topolab's own catalogue, and no layer below it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("topolab.backends.compose.context.own_root", lambda: root)
        return parts(root, dockerfile)


_IMPORTED = """
import sys
sys.path.insert(0, sys.argv[1])
import topolab.drivers.browser.loads, topolab.drivers.curl.loads, topolab.drivers.h2load.loads
import topolab.drivers.locust.loads, topolab.fetch.remote
print(*sorted({name.split(".")[1] for name in sys.modules if name.startswith("topolab.")}))
"""


@pytest.mark.parametrize("dockerfile", ["loadtest/Dockerfile", "loadtest/browser/Dockerfile"])
def test_a_load_workers_image_contains_what_the_worker_imports(dockerfile: str, tmp_path: Path) -> None:
    package = [source for source in sources(dockerfile) if source.startswith("src/topolab/")]
    for source in package:
        place = tmp_path / source
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (own_root() / source).is_dir() else shutil.copy)(own_root() / source, place)
    done = subprocess.run(
        [sys.executable, "-I", "-c", _IMPORTED, str(tmp_path / "src")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    held = {Path(source).stem for source in package} - {"__init__"}
    assert set(done.stdout.split()) == held
