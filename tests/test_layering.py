"""Rules for the package: no server names, no imports from the own package, docstrings everywhere."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

from topolab.drivers.registry import drivers
from topolab.model.visit import VISITOR

REPOSITORY = Path(__file__).parents[1]
SOURCE = REPOSITORY / "src"
MODULES = sorted((SOURCE / "topolab").rglob("*.py"))
# The parts that images and launchers use, where nothing is installed.
LAUNCH = [SOURCE / "topolab" / "__init__.py", *(path for path in MODULES if path.parent.name == "launch")]
# Variants named after a product that runs an app; the others are named after a library or an interface.
_PRODUCTS = {"meinheld", "gevent"}


def server_names() -> list[str]:
    """The catalogue's servers, and the variants that are products of their own."""
    names = set()
    for path in REPOSITORY.glob("servers/*/server.toml"):
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
        variants = {variant["name"] for variant in declared["variants"]}
        names |= {declared["name"], *(variants & _PRODUCTS)}
    return sorted(names)


def test_the_checked_names_are_those_of_the_catalogue() -> None:
    assert {"granian", "gunicorn", "hypercorn", "uvicorn", "gevent", "meinheld"} <= set(server_names())


@pytest.mark.parametrize("name", server_names())
def test_no_file_of_the_package_names_a_server(name: str) -> None:
    word = re.compile(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", re.IGNORECASE)
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file() and path.suffix != ".pyc" and "_catalogue" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if word.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_has_a_docstring(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_no_module_imports_from_the_package_it_is_in() -> None:
    """A package's `__init__` imports its modules, so importing from it would be a cycle."""
    graph = grimp.build_graph("topolab", cache_dir=None)
    inside = {module: module.rpartition(".")[0] for module in graph.modules if module.count(".") > 1}
    assert [
        module
        for module, package in sorted(inside.items())
        if graph.direct_import_exists(importer=module, imported=package)
    ] == []


@pytest.mark.parametrize("path", LAUNCH, ids=lambda path: path.name)
def test_the_launch_package_imports_only_itself_and_the_standard_library(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    foreign = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith("topolab.launch.")} == set()


_IMAGES = {"backends/compose/images.py", "backends/compose/load_generator.py"}
"""Files where `browser` is the name of an image and of the Compose service that builds it."""


@pytest.mark.parametrize("name", sorted(drivers()))
def test_a_driver_is_named_only_in_its_own_folder(name: str) -> None:
    """Except the driver whose loads are visits: reports see only stored data, and know it by `VISITOR`."""
    package = SOURCE / "topolab"
    found = {
        path.relative_to(package).as_posix()
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == name
    }
    elsewhere = {place for place in found if not place.startswith(f"drivers/{name}/")}
    assert elsewhere - _IMAGES == ({"model/visit.py"} if name == VISITOR else set())
