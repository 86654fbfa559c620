"""Whether an environment fits, lacks a part, or must be created again, and why."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import installed as module
from installed import OPTIONAL_LOCK, Installed, distributions_of

LOCKS = {
    "core": "Rich==15.0.0 \\\n    --hash=sha256:0\nzope.event==6.2 \\\n    --hash=sha256:0\n",
    "docker": "docker==7.2.0\n",
}


def distribution(site: Path, name: str, *files: str) -> None:
    """Put a distribution into site-packages, as an installer would."""
    folder = site / f"{name}-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (folder / "RECORD").write_text("".join(f"{file},,\n" for file in (*files, f"{folder.name}/RECORD")))
    for file in files:
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).touch()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with locks, and an environment with the core's distributions."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "servers").mkdir()
    for part, text in LOCKS.items():
        (tmp_path / "requirements" / f"{part}.lock").write_text(text)
    (tmp_path / OPTIONAL_LOCK).write_text("meinheld==1.0.2\n")
    environment = Installed(tmp_path, ("core",))
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    (environment.folder / "pyvenv.cfg").touch()
    environment.site_packages().mkdir(parents=True)
    distribution(environment.site_packages(), "rich", "rich/text.py", "../../../bin/rich", "__pycache__/spam.pyc")
    distribution(environment.site_packages(), "zope_event", "zope/event/__init__.py")
    distribution(environment.site_packages(), "spam", "spam.py")
    environment.begin()
    environment.finish(["core"])
    return tmp_path


def test_a_finished_environment_fits_and_uses_the_checkouts_sources(root: Path) -> None:
    environment = Installed(root, ("core",))
    assert (environment.unfit(), environment.missing_parts()) == ("", ())
    assert (environment.site_packages() / "topolab.pth").read_text() == f"{root}/src\n"


def test_a_missing_part_is_added_without_a_new_environment(root: Path) -> None:
    environment = Installed(root, ("core", "docker"))
    assert (environment.unfit(), environment.missing_parts()) == ("", ("docker",))


def test_a_part_owns_its_distributions_files_in_site_packages(root: Path) -> None:
    assert set(Installed(root, ("core",)).brought_by("core")) == {
        "rich",
        "rich-1.dist-info",
        "zope",
        "zope_event-1.dist-info",
    }
    assert distributions_of(root, "core") == {"rich", "zope-event"}


def test_without_an_environment_it_is_the_first_run(root: Path) -> None:
    (root / ".venv" / "pyvenv.cfg").unlink()
    environment = Installed(root, ("core", "docker"))
    assert (environment.unfit(), environment.missing_parts()) == ("first run", ("docker",))


def spoilt(root: Path) -> Iterator[tuple[str, str]]:
    """Shell commands that break an environment, each with the reason given for creating it again."""
    site = Installed(root, ("core",)).site_packages().relative_to(root)
    yield "touch .venv/topolab/unfinished", "incomplete"
    yield "rm .venv/topolab/environment", "incomplete"
    yield "rm .venv/bin/python; ln -s /no/such/python .venv/bin/python", "incomplete"
    yield "printf '\\377' >.venv/topolab/environment", "incomplete"
    yield "echo >>requirements/core.lock", "its lock changed"
    yield "echo >>servers/requirements-optional.lock", "its lock changed"
    yield f"rm -r {site}/rich", "rich is missing"
    yield f"rm -r {site}/zope_event-1.dist-info", "zope_event-1.dist-info is missing"
    yield f"mv {site}/rich-1.dist-info {site}/rich-2.dist-info", "rich-1.dist-info is missing"
    yield f"rm -r {site}", "rich is missing"
    yield f"rm {site}/topolab.pth", "topolab.pth is missing or changed"
    yield f"echo /elsewhere >{site}/topolab.pth", "topolab.pth is missing or changed"


@pytest.mark.parametrize("number", range(12))
def test_a_changed_environment_is_created_again_with_the_reason(root: Path, number: int) -> None:
    command, reason = list(spoilt(root))[number]
    subprocess.run(["sh", "-ec", command], cwd=root, check=True)
    assert Installed(root, ("core", "docker")).unfit() == reason


def test_packages_a_user_added_or_removed_again_are_ignored(root: Path) -> None:
    site = Installed(root, ("core",)).site_packages()
    (site / "spam.py").unlink()
    distribution(site, "eggs", "eggs.py")
    assert Installed(root, ("core",)).unfit() == ""


def test_a_changed_lock_matters_only_when_its_part_is_needed(root: Path) -> None:
    Installed(root, ("core", "docker")).begin()
    Installed(root, ("core", "docker")).finish(["docker"])
    (root / "requirements" / "docker.lock").write_text("docker==8\n")
    assert Installed(root, ("core",)).unfit() == ""
    assert Installed(root, ("core", "docker")).unfit() == "its lock changed"


def test_an_environment_of_another_python_does_not_fit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_by = platform.python_version()
    monkeypatch.setattr(module.platform, "python_version", lambda: "3.99.0")
    machine = platform.machine()
    assert Installed(root, ("core",)).unfit() == (
        f"made by CPython {made_by} ({machine}), this is CPython 3.99.0 ({machine})"
    )


def test_a_moved_checkouts_environment_is_created_again(root: Path) -> None:
    moved = root.rename(root.with_name("moved"))
    assert Installed(moved, ("core",)).unfit() == "made for another checkout"
