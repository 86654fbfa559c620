"""Files that cannot be read, or that do not fit the rest of the catalogue, are refused in one line."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from catalogue.conftest import Edit, Refusal

SERVER = "servers/granian/server.toml"
APP = "apps/bare/app.toml"
TOPOLOGY = "nginx/topologies/alb.toml"
COUNTED = "loadtest/profiles/h2load-c10-n100-m5.toml"
PROFILE = "loadtest/profiles/ceiling.toml"
MATRIX = "loadtest/matrices/smoke.toml"
ONE_OF_EACH = [SERVER, APP, TOPOLOGY, PROFILE, MATRIX]


@pytest.mark.parametrize("file", ONE_OF_EACH)
def test_a_file_that_is_not_toml(root: Path, refusal: Refusal, file: str) -> None:
    (root / file).write_text('name = "x"\nsummary == \n', encoding="utf-8")
    assert refusal() == f"{file}: not valid TOML: Invalid value (at line 2, column 10)"


@pytest.mark.parametrize("file", ONE_OF_EACH)
def test_a_file_that_is_not_utf8(root: Path, refusal: Refusal, file: str) -> None:
    (root / file).write_bytes(b'name = "caf\xe9"\n')
    assert refusal().startswith(f"{file}: cannot be read as text: 'utf-8' codec can't decode byte 0xe9 in position 11")


@pytest.mark.parametrize("file", ONE_OF_EACH)
def test_a_directory_where_a_file_belongs(root: Path, refusal: Refusal, file: str) -> None:
    (root / file).unlink()
    (root / file).mkdir()
    assert refusal().startswith(f"{file}: cannot be read as text: ")


@pytest.mark.parametrize("file", ONE_OF_EACH)
def test_a_named_pipe(root: Path, refusal: Refusal, file: str) -> None:
    (root / file).unlink()
    os.mkfifo(root / file)
    assert refusal() == f"{file}: not a regular file"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
@pytest.mark.parametrize("file", ONE_OF_EACH)
def test_a_file_without_an_end(root: Path, refusal: Refusal, file: str) -> None:
    (root / file).unlink()
    (root / file).symlink_to("/dev/zero")
    assert refusal() == f"{file}: larger than 1 MiB, so it is not one of topolab's TOML files"


def test_a_link_to_nowhere(root: Path, refusal: Refusal) -> None:
    (root / MATRIX).unlink()
    (root / MATRIX).symlink_to(root / "nowhere")
    assert refusal() == f"{MATRIX}: no such file"


def test_an_empty_file(root: Path, refusal: Refusal) -> None:
    (root / MATRIX).write_bytes(b"")
    assert refusal() == f"{MATRIX}: name: missing; this key is required"


@pytest.mark.parametrize("value", ["[" * 5000, "9" * 5000], ids=["nested deeply", "of too many digits"])
def test_a_value_the_parser_cannot_handle(edit: Edit, refusal: Refusal, value: str) -> None:
    edit(MATRIX, "rounds = 1", f"rounds = {value}")
    assert refusal().startswith(f"{MATRIX}: ")


@pytest.mark.parametrize("folder", ["servers", "apps", "loadtest"])
def test_a_missing_folder(root: Path, refusal: Refusal, folder: str) -> None:
    shutil.rmtree(root / folder)
    assert refusal() == f"{root}: no {folder}/ folder; run from a checkout, or install topolab again"


@pytest.mark.parametrize("folder", ["loadtest/profiles", "loadtest/matrices"])
def test_a_missing_folder_within_a_folder(root: Path, refusal: Refusal, folder: str) -> None:
    shutil.rmtree(root / folder)
    assert folder in refusal()


@pytest.mark.parametrize("lost", ["nginx", "nginx/topologies", "nginx/proxy.toml"])
def test_no_proxy_with_topologies(root: Path, refusal: Refusal, lost: str) -> None:
    (root / lost).rename(root / "lost")
    if lost == "nginx":
        shutil.rmtree(root / "lost")
    assert refusal() == (
        f"{root}: no folder with a proxy.toml and topologies/; run from a checkout, or install topolab again"
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "of"),
    [
        (SERVER, "granian", "granite", "folder"),
        (APP, "bare", "bear", "folder"),
        (TOPOLOGY, "alb", "elb", "file"),
        (PROFILE, "ceiling", "floor", "file"),
        (MATRIX, "smoke", "steam", "file"),
    ],
)
def test_a_name_that_differs_from_its_folder_or_file(
    edit: Edit, refusal: Refusal, file: str, old: str, new: str, of: str
) -> None:
    edit(file, f'name = "{old}"', f'name = "{new}"')
    assert refusal() == f"{file}: name: must be {old!r}, the name of its {of}, not {new!r}"


def test_a_variant_listed_twice(edit: Edit, refusal: Refusal) -> None:
    edit(SERVER, 'name = "wsgi"', 'name = "asgi"')
    assert refusal() == f"{SERVER}: variants: 'asgi' is listed twice"


def test_two_servers_whose_variants_would_share_a_full_name(root: Path, refusal: Refusal) -> None:
    for server, variant in (("a", "b-c"), ("a-b", "c")):
        (root / "servers" / server).mkdir()
        (root / "servers" / server / "server.toml").write_text(
            f'name = "{server}"\nsummary = "x"\ncommand = ["x"]\n[[variants]]\nname = "{variant}"\nsummary = "x"\n'
            'interfaces = ["asgi"]\npackages = ["x"]\nlisteners.cleartext.protocols = ["http/1.1"]\n',
            encoding="utf-8",
        )
    assert refusal() == "servers/a-b/server.toml: variants: 'a-b-c' is also the name of another server's variant"


def test_a_protocol_missing_from_the_topology(edit: Edit, refusal: Refusal) -> None:
    edit(TOPOLOGY, 'h3 = "the load balancer does not speak HTTP/3"\n', "")
    assert refusal() == f"{TOPOLOGY}: routes: h3 is missing; add a route, or a refusal with the reason"


def test_a_protocol_both_carried_and_refused(edit: Edit, refusal: Refusal) -> None:
    edit(TOPOLOGY, "[refusals]", '[refusals]\nh2 = "no"')
    assert refusal() == f"{TOPOLOGY}: refusals.h2: is also in routes; it must be in only one of the two"


def test_a_protocol_routed_twice(edit: Edit, refusal: Refusal) -> None:
    edit(TOPOLOGY, 'client = "http/1.1"', 'client = "h2"')
    assert refusal() == f"{TOPOLOGY}: routes: 'h2' is listed twice"


@pytest.mark.parametrize("template", ["../x.conf", "/etc/passwd", "topologies/../../x.conf", ".", ".."])
def test_a_template_outside_its_folder(root: Path, edit: Edit, refusal: Refusal, template: str) -> None:
    (root / "x.conf").write_text("", encoding="utf-8")
    edit(TOPOLOGY, '"alb.conf"', f'"{template}"')
    assert refusal() == f"{TOPOLOGY}: template: must stay inside nginx/, not {template!r}"


def test_a_template_outside_its_folder_through_a_link(root: Path, edit: Edit, refusal: Refusal) -> None:
    (root / "x.conf").write_text("", encoding="utf-8")
    (root / "nginx" / "inside.conf").symlink_to(root / "x.conf")
    edit(TOPOLOGY, '"alb.conf"', '"inside.conf"')
    assert refusal() == f"{TOPOLOGY}: template: must stay inside nginx/, not 'inside.conf'"


@pytest.mark.parametrize("template", ["missing.conf", "topologies"])
def test_a_template_that_is_not_a_file(edit: Edit, refusal: Refusal, template: str) -> None:
    edit(TOPOLOGY, '"alb.conf"', f'"{template}"')
    assert refusal() == f"{TOPOLOGY}: template: no such file in nginx/: {template!r}"


@pytest.mark.parametrize("template", ["a\\u0000b", "a" * 5000], ids=["with a null byte", "too long"])
def test_a_template_that_cannot_be_a_file_name(edit: Edit, refusal: Refusal, template: str) -> None:
    edit(TOPOLOGY, '"alb.conf"', f'"{template}"')
    assert refusal().startswith(f"{TOPOLOGY}: template: ")


def test_more_in_flight_on_one_protocol_than_on_the_other(edit: Edit, refusal: Refusal) -> None:
    edit(PROFILE, "streams = 8", "streams = 9")
    assert refusal() == f"{PROFILE}: multiplexed: connections x streams must be 32, as on HTTP/1.1, not 36"


@pytest.mark.parametrize("number", [32, 100])
def test_slow_requests_that_leave_no_lane_for_fast_ones(edit: Edit, refusal: Refusal, number: int) -> None:
    mixed = "loadtest/profiles/mixed.toml"
    edit(mixed, "in_flight = 16", f"in_flight = {number}")
    assert refusal() == (
        f"{mixed}: slow.in_flight: must be below 32, the connections x streams, to leave some for fast requests"
    )


def test_streams_on_http1(edit: Edit, refusal: Refusal) -> None:
    edit(PROFILE, "connections = 32", "connections = 16\nstreams = 2")
    assert refusal() == f"{PROFILE}: http1.streams: must be 1: HTTP/1.1 has one request at a time on a connection"


@pytest.mark.parametrize("driver", ["curl", "h2load"])
def test_streams_on_http1_in_a_timed_load_of_any_driver(edit: Edit, refusal: Refusal, driver: str) -> None:
    edit(PROFILE, 'driver = "curl"', f'driver = "{driver}"')
    edit(PROFILE, "connections = 32", "connections = 16\nstreams = 2")
    assert refusal() == f"{PROFILE}: http1.streams: must be 1: HTTP/1.1 has one request at a time on a connection"


@pytest.mark.parametrize(("key", "old"), [("path", 'path = "/query?id=topolab'), ("body", 'body = \'{"text":"spam')])
def test_a_numbered_request_with_h2load(edit: Edit, refusal: Refusal, key: str, old: str) -> None:
    edit(COUNTED, old, f"{old}{{i}}")
    assert refusal() == f"{COUNTED}: {key}: must be the same for every request: h2load does not support {{i}}"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (COUNTED, 'driver = "h2load"', 'driver = "curl"'),
        ("loadtest/profiles/steady.toml", 'driver = "curl"', 'driver = "h2load"'),
        ("loadtest/profiles/page-24.toml", 'driver = "curl"', 'driver = "h2load"'),
    ],
    ids=["count by curl", "open by h2load", "page by h2load"],
)
def test_a_kind_of_load_that_the_driver_does_not_make(
    edit: Edit, refusal: Refusal, file: str, old: str, new: str
) -> None:
    edit(file, old, new)
    assert refusal().startswith(f"{file}: driver: ")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (SERVER, 'protocols = ["http/1.1", "h2"]', 'protocols = ["h3"]'),
        ("servers/hypercorn/server.toml", 'protocols = ["h3"]', 'protocols = ["h2"]'),
    ],
    ids=["HTTP/3 in cleartext", "HTTP/2 over QUIC"],
)
def test_a_listener_whose_transport_cannot_carry_its_protocol(
    edit: Edit, refusal: Refusal, file: str, old: str, new: str
) -> None:
    edit(file, old, new)
    assert refusal().startswith(f"{file}: variants[0].listeners.")
