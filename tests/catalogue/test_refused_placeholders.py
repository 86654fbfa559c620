"""A placeholder that no launch has a value for is refused, and so is a value that no template uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalogue.conftest import Edit, Refusal
from topolab.catalogue import load_catalogue

SERVER = "servers/hypercorn/server.toml"
APP = "apps/django-celery/app.toml"
PROXY = "nginx/proxy.toml"
FIXED = "nginx/topologies/alb.toml"
POLICY = "nginx/topologies/nlb-tls-http1only.toml"
OF_SERVERS = "{python}, {host}, {port}, {cert}, {key}, {broker}, {app}, {workers}, {folder}"
OF_PROXIES = (
    "{binary}, {python}, {folder}, {host}, {port}, {server_host}, {server_port}, {server_name}, {cert}, {key}, "
    "{server_scheme}, {user}"
)
OF_EDGE = "EDGE_HOST, EDGE_PORT, SERVER_HOST, SERVER_PORT, SERVER_NAME, SERVER_SCHEME, CERT, KEY"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"{python}"', '"{pyton}"', "command[0]: {pyton}"),
        ('"{host}:{port}"', '"{host}:{Port}"', "command[6]: {Port}"),
        ('"--worker-class", "uvloop"', '"--worker-class", "{loop}"', "variants[1].argv[1]: {loop}"),
        ('"{host}:{port}"]', '"{hots}:{port}"]', "variants[0].listeners.quic.argv[5]: {hots}"),
        ('"wsgi:{app}"', '"wsgi:{application}"', "variants[3].app_argument: {application}"),
    ],
)
def test_an_unknown_placeholder_in_each_part_of_a_servers_command_line(
    edit: Edit, refusal: Refusal, old: str, new: str, key: str
) -> None:
    edit(SERVER, old, new)
    assert refusal() == f"{SERVER}: {key} is unknown here; expected one of {OF_SERVERS}"


@pytest.mark.parametrize(
    ("old", "new", "key", "known"),
    [
        ('"{python}", "-m", "celery"', '"{pyton}", "-m", "celery"', "companions[1].command[0]: {pyton}", ""),
        ('"--pool"', '"--host", "{host}", "--pool"', "companions[1].command[7]: {host}", ""),
        ('"--bind", "{host}"', '"--bind", "{adress}"', "companions[0].command[2]: {adress}", "{host}, {port}, "),
    ],
    ids=["misspelt", "an address without a port", "misspelt where the companion listens"],
)
def test_an_unknown_placeholder_in_a_companions_command(
    edit: Edit, refusal: Refusal, old: str, new: str, key: str, known: str
) -> None:
    edit(APP, old, new)
    assert refusal() == f"{APP}: {key} is unknown here; expected one of {{python}}, {known}{{broker}}"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"{binary}"', '"{binry}"', "command[0]: {binry}"),
        ("user {user};", "user {usr};", "argv_as_root[1]: {usr}"),
        ('"{server_host}"', '"{sever_host}"', "placeholders.SERVER_HOST: {sever_host}"),
    ],
)
def test_an_unknown_placeholder_in_each_part_of_a_proxys_file(
    edit: Edit, refusal: Refusal, old: str, new: str, key: str
) -> None:
    edit(PROXY, old, new)
    assert refusal() == f"{PROXY}: {key} is unknown here; expected one of {OF_PROXIES}"


@pytest.mark.parametrize("braced", ["{systm}", "{system.spam}-{machin}", "{0}"])
def test_an_unknown_placeholder_in_a_packages_file(edit: Edit, refusal: Refusal, braced: str) -> None:
    edit(PROXY, "{system}-{machine}", braced)
    unknown = {"{system.spam}-{machin}": "{machin}"}.get(braced, braced)
    expected = f"{unknown} is unknown here; expected one of {{system}}, {{machine}}"
    assert refusal() == f"{PROXY}: binary.package_file: {expected}"


@pytest.mark.parametrize("old", ["user {user};", "{server_host}"], ids=["argv_as_root", "placeholders"])
def test_a_proxys_program_used_without_a_description_of_where_it_is(
    root: Path, edit: Edit, refusal: Refusal, old: str
) -> None:
    edit(PROXY, '"{binary}", ', '"relay", ')
    edit(PROXY, old, "{binary}")
    text = (root / PROXY).read_text(encoding="utf-8")
    (root / PROXY).write_text(text.partition("[binary]")[0], encoding="utf-8")
    assert refusal() == f"{PROXY}: binary: missing; the proxy uses {{binary}}"


@pytest.mark.parametrize("name", ["server_host", "1ST", "SERVER-HOST", ""])
def test_a_placeholder_whose_name_no_template_can_use(edit: Edit, refusal: Refusal, name: str) -> None:
    edit(PROXY, "SERVER_HOST =", f'"{name}" =')
    assert refusal() == (
        f"{PROXY}: placeholders.{name}: expected a name of upper-case letters, digits and underscores, as templates use"
    )


def test_a_value_that_the_template_does_not_use(edit: Edit, refusal: Refusal) -> None:
    edit(POLICY, "ALPN_POLICY =", "ALPN_POLCY =")
    used = "EDGE_HOST, EDGE_PORT, CERT, KEY, ALPN_POLICY, SERVER_HOST, SERVER_PORT"
    expected = f"nginx/nlb-tls.conf does not use it; expected one of {used}"
    assert refusal() == f"{POLICY}: values.ALPN_POLCY: {expected}"


def test_a_value_for_a_template_without_placeholders(root: Path, refusal: Refusal) -> None:
    (root / "nginx" / "nlb-tls.conf").write_text("events {}\n", encoding="utf-8")
    expected = "nginx/nlb-tls.conf does not use it; expected one of (none)"
    assert refusal() == f"{POLICY}: values.ALPN_POLICY: {expected}"


def test_values_without_a_template(edit: Edit, refusal: Refusal) -> None:
    direct = "servers/topologies/direct.toml"
    edit(direct, "[[routes]]", '[values]\nSPAM = "egg"\n[[routes]]')
    assert refusal() == f"{direct}: values: only a template could use them; add `template` or remove the table"


def test_an_unknown_placeholder_in_a_template(edit: Edit, refusal: Refusal) -> None:
    edit("nginx/alb.conf", "${EDGE_PORT}", "${EDGE_PROT}")
    expected = f"expected one of {OF_EDGE}, or a value for it in [values] of {FIXED}"
    assert refusal() == f"nginx/alb.conf: ${{EDGE_PROT}}: is unknown; {expected}"


def test_a_topology_without_a_value_that_its_template_needs(edit: Edit, refusal: Refusal) -> None:
    edit(POLICY, 'ALPN_POLICY = "ssl_alpn http/1.1 http/1.0;"\n', "")
    expected = f"expected one of {OF_EDGE}, or a value for it in [values] of {POLICY}"
    assert refusal() == f"nginx/nlb-tls.conf: ${{ALPN_POLICY}}: is unknown; {expected}"


def test_a_template_that_is_not_utf8(root: Path, refusal: Refusal) -> None:
    (root / "nginx" / "alb.conf").write_bytes(b"# caf\xe9\n")
    cannot = "nginx/alb.conf cannot be read as text: 'utf-8' codec can't decode byte 0xe9 in position 5"
    assert refusal().startswith(f"{FIXED}: template: {cannot}")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (SERVER, '"--worker-class", "uvloop"', '"--json", "{\\"a\\": {}}", "{not a name}", "$port", "${host}"'),
        ("nginx/alb.conf", "access_log off;", "log_format x '{\"$spam\": ${egg}} {SPAM} $SPAM';"),
        ("nginx/alb-common.conf", "http2 on;", "http2 on; set $spam ${SPAM};"),
        (POLICY, "ssl_alpn http/1.1 http/1.0;", "map $a $b { {spam} ${EGG}; }"),
        (SERVER, 'summary = "on asyncio', 'env = { SPAM = "{egg}" }\nsummary = "on {asyncio}'),
    ],
    ids=["braces in argv", "a template's own variables", "an include", "a value", "an environment variable"],
)
def test_braces_that_are_no_placeholders_are_left_alone(root: Path, edit: Edit, file: str, old: str, new: str) -> None:
    edit(file, old, new)
    load_catalogue(root)
