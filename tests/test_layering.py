"""Rules for the package: no server names, no imports from the own package, docstrings everywhere."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import get_args

import grimp
import pytest

from topolab.drivers.registry import drivers
from topolab.model.profile import LoadProfile

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


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", re.IGNORECASE)


def lines_with(name: str) -> list[str]:
    """The lines of the package that have the word."""
    word = _word(name)
    return [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file() and path.suffix != ".pyc" and "_catalogue" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if word.search(line)
    ]


@pytest.mark.parametrize("name", server_names())
def test_no_file_of_the_package_names_a_server(name: str) -> None:
    assert lines_with(name) == []


def proxy_names() -> set[str]:
    """The proxies the catalogue declares, and others that could be declared next."""
    declared = (tomllib.loads(path.read_text(encoding="utf-8")) for path in REPOSITORY.glob("*/proxy.toml"))
    return {"caddy", "envoy", "haproxy", "nginx", "traefik", *(proxy["name"] for proxy in declared)}


@pytest.mark.parametrize("name", sorted(proxy_names()))
def test_no_file_of_the_package_names_a_proxy(name: str) -> None:
    assert lines_with(name) == []


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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_model_and_the_drivers_distinguish_kinds_of_load(path: Path) -> None:
    """Elsewhere a load is asked, so that another kind is a class and a driver, and no case in a chain."""
    kinds = {kind.__name__ for kind in get_args(LoadProfile)}
    assert {"ClosedLoad", "UsersLoad"} <= kinds
    used = {node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)}
    place = path.relative_to(SOURCE / "topolab")
    ours = place.parts[0] == "model" or (place.parts[0] == "drivers" and len(place.parts) > 2)
    assert ours or not used & kinds


_NOT_THE_DRIVER = {
    ("sockets", "drivers/curl/multi.py"): "the attribute that holds a lane's socket",
    ("browser", "cli/arguments.py"): "the matrix that run_page.py runs where none is named is `page-browser`",
    ("browser", "report/waterfall.py"): "a visit is made by a browser, whatever the driver is called",
    ("browser", "stats/warnings.py"): "what browsers in general never do",
}
"""Where the word means something else than the driver, and what."""


def texts_of(path: Path) -> list[str]:
    """The strings of a module, without those that are statements by themselves: they document it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    documentation = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in documentation]
    return [constant.value for constant in constants if isinstance(constant.value, str)]


@pytest.mark.parametrize("name", sorted(drivers()))
def test_a_driver_is_named_only_in_its_own_folder(name: str) -> None:
    package = SOURCE / "topolab"
    found = {
        path.relative_to(package).as_posix()
        for path in MODULES
        if "_catalogue" not in path.parts and any(_word(name).search(text) for text in texts_of(path))
    }
    own = {place for place in found if place.startswith(f"drivers/{name}/")}
    assert own
    assert found - own == {place for word, place in _NOT_THE_DRIVER if word == name}


def test_reports_import_nothing_that_starts_or_asks_something() -> None:
    """The layers themselves are tested by import-linter; a package that is added later must be decided on here."""
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (stored,) = (contract for contract in contracts["contracts"] if contract["type"] == "forbidden")
    named = {name.removeprefix("topolab.") for name in (*stored["source_modules"], *stored["forbidden_modules"])}
    layers = next(contract["layers"] for contract in contracts["contracts"] if contract["type"] == "layers")
    assert set(layers) - named == {"database", "distributions", "errors", "model"}
