"""Ambiguous names, and names no file can have, are refused with file and key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from catalogue.conftest import Edit, Refusal

SERVER = """
name = "{name}"
summary = "a server"
command = ["x"]
[[variants]]
name = "{variant}"
summary = "a variant"
interfaces = ["asgi"]
packages = ["pydantic"]
[variants.listeners.cleartext]
protocols = ["http/1.1"]
"""
LONGEST = 63


def add_server(root: Path, name: str, variant: str) -> None:
    (root / "servers" / name).mkdir()
    (root / "servers" / name / "server.toml").write_text(SERVER.format(name=name, variant=variant))


def test_a_server_and_variant_that_form_another_servers_name(root: Path, refusal: Refusal) -> None:
    add_server(root, "gun", "asgi")
    add_server(root, "gun-asgi", "x")
    assert refusal() == (
        "servers/gun/server.toml: variants[0].name: 'gun' and 'asgi' make 'gun-asgi', "
        "which is the name of another server, servers/gun-asgi/; rename one of them"
    )


def test_two_servers_and_variants_that_form_the_same_name(root: Path, refusal: Refusal) -> None:
    add_server(root, "gun", "asgi-x")
    add_server(root, "gun-asgi", "x")
    assert (
        refusal() == "servers/gun-asgi/server.toml: variants: 'gun-asgi-x' is also the name of another server's variant"
    )


def test_an_app_and_interface_that_form_another_apps_name(root: Path, edit: Edit, refusal: Refusal) -> None:
    shutil.copytree(root / "apps" / "bare", root / "apps" / "bare-asgi")
    edit("apps/bare-asgi/app.toml", 'name = "bare"', 'name = "bare-asgi"')
    assert refusal() == (
        "apps/bare-asgi/app.toml: name: 'bare-asgi' also means the asgi side of the app 'bare'; rename one of them"
    )


@pytest.mark.parametrize(
    "file", ["servers/granian/server.toml", "loadtest/profiles/ceiling.toml", "loadtest/matrices/smoke.toml"]
)
def test_a_name_too_long_for_files(edit: Edit, refusal: Refusal, file: str) -> None:
    edit(file, 'name = "', f'name = "{"n" * 300}')
    message = refusal()
    assert message.startswith(f"{file}: name: string should have at most {LONGEST} characters, not 'nnn")
    assert len(message) < 200


def test_a_variant_name_too_long_for_files(root: Path, refusal: Refusal) -> None:
    add_server(root, "gun", "v" * (LONGEST + 1))
    assert refusal().startswith("servers/gun/server.toml: variants[0].name: string should have at most 63 characters")


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("servers/granian/server.toml", "command = [", 'command = ["\\u0000", ', "command[0]"),
        ("apps/bare/app.toml", 'summary = "', 'summary = "\\u0000', "summary"),
        ("nginx/topologies/alb.toml", 'template = "', 'template = "\\u0000', "template"),
        ("loadtest/profiles/ceiling.toml", 'path = "', 'path = "\\u0000', "path"),
        ("loadtest/matrices/smoke.toml", "servers = [", 'servers = ["\\u0000", ', "select[0].servers[0]"),
    ],
)
def test_a_nul_character(edit: Edit, refusal: Refusal, file: str, old: str, new: str, key: str) -> None:
    edit(file, old, new)
    assert refusal() == f"{file}: {key}: contains a NUL character; remove it"


def test_a_nul_character_in_a_key(root: Path, refusal: Refusal) -> None:
    file = root / "loadtest" / "matrices" / "smoke.toml"
    file.write_text('"a\\u0000b" = 1\n' + file.read_text())
    assert refusal() == "loadtest/matrices/smoke.toml: 'a\\x00b': contains a NUL character; remove it"


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        (
            "ceiling",
            "duration_s = 0.6",
            "duration_s = 1e308",
            "duration_s: input should be less than or equal to 86400",
        ),
        ("ceiling", "warm_up_s = 0.25", "warm_up_s = 1e9", "warm_up_s: input should be less than or equal to 86400"),
        (
            "steady",
            "rate_per_s = ",
            "rate_per_s = 999999999",
            "rate_per_s: input should be less than or equal to 1000000",
        ),
        (
            "journeys",
            "spawn_per_s = 32.0",
            "spawn_per_s = 1e-300",
            "spawn_per_s: input should be greater than or equal",
        ),
        (
            "page-24",
            "requests = 24",
            f"requests = {10**18}",
            "requests: input should be less than or equal to 10000000",
        ),
    ],
)
def test_a_load_that_would_take_years(edit: Edit, refusal: Refusal, file: str, old: str, new: str, key: str) -> None:
    path = f"loadtest/profiles/{file}.toml"
    edit(path, old, new)
    assert refusal().startswith(f"{path}: {key}")


@pytest.mark.parametrize("rounds", ["1001", "1000000000", "9" * 400])
def test_too_many_rounds(edit: Edit, refusal: Refusal, rounds: str) -> None:
    edit("loadtest/matrices/smoke.toml", "rounds = 1", f"rounds = {rounds}")
    message = refusal()
    assert message.startswith("loadtest/matrices/smoke.toml: rounds: input should be less than or equal to 1000, not ")
    assert len(message) < 200
