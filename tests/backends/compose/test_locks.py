"""Image locks have topolab's versions and nothing else, and every line has hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from topolab.backends.compose.image_contents import locked_packages
from topolab.catalogue import Catalogue
from topolab.launch.root import own_root

ROOT = own_root()
FOLDERS = ("servers", "nginx", "loadtest", "loadtest/browser")
EXTRAS = ("apps", "browser", "charts", "docker", "locust", "servers")
LAB = tuple(f"requirements/{part}.lock" for part in ("core", *EXTRAS, "dev"))
OPTIONAL = "servers/requirements-optional.lock"
LOCKS = (*LAB, "requirements/installer.lock", OPTIONAL, *(f"{folder}/requirements.lock" for folder in FOLDERS))
BY_WAY_OF_ANOTHER = {"setuptools"}
"""Requirements of an image that topolab has only as indirect dependencies."""
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)( ; [^\\]+?)? \\$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def name_of(requirement: str) -> str:
    """A requirement's distribution: without extras, version, marker and remark."""
    return re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0].lower()


def asked_for(folder: str) -> set[str]:
    lines = (ROOT / folder / "requirements.in").read_text(encoding="utf-8").splitlines()
    return {name_of(line) for line in lines if line.strip() and not line.startswith("#")}


def pins(*locks: str) -> dict[str, set[str]]:
    """The versions by name; a name may have one for each marker."""
    found: dict[str, set[str]] = {}
    for lock in locks:
        for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
            if match := _PIN.match(line):
                found.setdefault(match[1], set()).add(match[2])
    return found


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_images_require_only_dependencies_of_the_lab(folder: str) -> None:
    declared = project()["project"]
    lists = (declared["dependencies"], *declared["optional-dependencies"].values())
    known = {name_of(text) for requirements in lists for text in requirements}
    assert asked_for(folder) - known - BY_WAY_OF_ANOTHER == set()


def test_every_part_is_locked_to_the_same_versions() -> None:
    """Except distributions whose version depends on the Python."""
    by_marker = {"contourpy", "django", "numpy"}
    assert {name: versions for name, versions in pins(*LAB).items() if len(versions) > 1}.keys() <= by_marker


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extras_lock_has_what_the_extra_adds_to_the_core(extra: str) -> None:
    asked = {name_of(text) for text in project()["project"]["optional-dependencies"][extra]}
    assert asked - set(pins(f"requirements/{extra}.lock")) <= set(pins("requirements/core.lock"))
    shared = set(pins(f"requirements/{extra}.lock")) & set(pins("requirements/core.lock"))
    assert shared <= {"cffi", "greenlet", "pycparser"}  # the core has these only for some interpreters


def test_no_users_lock_has_a_development_tool() -> None:
    """Except pytest, which Locust requires."""
    tools = {name_of(text) for text in project()["dependency-groups"]["dev"]}
    assert tools & set(pins(*LAB[:-1])) == {"pytest"}


def test_the_core_installs_the_build_tools_of_optional_servers() -> None:
    assert "setuptools" in pins("requirements/core.lock")


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_images_lock_has_its_requirements_in_the_labs_versions(folder: str) -> None:
    held, lab = pins(f"{folder}/requirements.lock"), pins(*LAB)
    assert asked_for(folder) - set(held) == set()
    assert {name: versions for name, versions in held.items() if not versions <= lab.get(name, set())} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pin_with_its_hashes(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not (_PIN.match(line) or _HASH.match(line))] == []
    # A line that ends in a backslash continues with a hash; only the last hash has no backslash.
    after = [*lines[1:], ""]
    goes_on = [line for line, following in zip(lines, after, strict=True) if _HASH.match(following)]
    assert [line for line in lines if line.endswith("\\")] == goes_on


@pytest.mark.parametrize(
    "file",
    [
        *LOCKS,
        *(f"{folder}/{name}" for folder in FOLDERS for name in ("Dockerfile", "requirements.in")),
        *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "compose").rglob("*") if path.is_file()),
    ],
)
def test_no_file_names_an_index_or_a_registry(file: str) -> None:
    text = "".join(
        line
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines(keepends=True)
        if not line.lstrip().startswith("#")
    )
    # `proxy` is a host name inside a stack.
    assert re.findall(r"https?://(?!proxy:)\S+|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


def test_the_server_image_has_every_package_of_servers_and_apps(catalogue: Catalogue) -> None:
    named = {package for candidate in catalogue.candidates.values() for package in candidate.variant.packages}
    listeners = [x for candidate in catalogue.candidates.values() for x in candidate.variant.listeners.values()]
    named |= {package for listener in listeners for package in listener.packages}
    named |= {package for app in catalogue.apps.values() for package in app.packages}
    assert named - locked_packages(ROOT) == set()


def test_the_server_image_contains_its_lock_and_the_optional_one() -> None:
    assert locked_packages(ROOT) == set(pins("servers/requirements.lock")) | set(pins(OPTIONAL))


def test_a_catalogues_own_lock_takes_precedence(tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    assert locked_packages(tmp_path) == locked_packages(ROOT)
    (tmp_path / "servers" / "requirements.lock").write_text("Spam_Server.x==1.0 \\\n    --hash=sha256:0\n")
    assert locked_packages(tmp_path) == {"spam_server.x", *pins(OPTIONAL)}
