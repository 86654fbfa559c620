"""A launch fills exactly the placeholders that the catalogue accepts, and writes files into subfolders."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from topolab.launch import apps, proxies, servers
from topolab.launch.apps import CompanionRequest, launch_companion
from topolab.launch.program import Place
from topolab.launch.proxies import ProxyLaunch, ProxyRequest, ends_tls, launch_proxy
from topolab.launch.servers import ServerRequest, launch_server
from topolab.launch.tables import LaunchError

PLACE = Place("/bin/python", "/there", "root")
OUTER = {"PATH": "/bin"}


def server(root: Path, words: str) -> tuple[str, ...]:
    table = 'name = "a"\ninterfaces = ["asgi"]\nlisteners.cleartext.protocols = ["http/1.1"]\n'
    write(root, "servers/spam/server.toml", f"command = [{words}]\n[[variants]]\n{table}")
    write(root, "apps/menu/app.toml", 'entrypoints.asgi = "menu:app"\n')
    given = {"cert": "c.pem", "key": "k.pem", "broker": "127.0.0.1:2"}
    request = ServerRequest("spam", "menu", "cleartext", "127.0.0.1", "1", **given)
    return launch_server(root, request, PLACE, OUTER).argv[:-1]


def listening_companion(root: Path, words: str) -> tuple[str, ...]:
    return companion(root, words, host="127.0.0.1", port="1")


def companion(root: Path, words: str, **where: str) -> tuple[str, ...]:
    write(root, "apps/menu/app.toml", f'[[companions]]\nname = "cook"\ncommand = [{words}]\n')
    return launch_companion(root, CompanionRequest("menu", "cook", broker="127.0.0.1:2", **where), PLACE, OUTER).argv


def proxy(root: Path, words: str) -> tuple[str, ...]:
    return proxy_of(root, f"command = [{words}]\n", 'proxy = "relay"\n').launch.argv


def proxy_of(root: Path, table: str, topology: str) -> ProxyLaunch:
    write(root, "relay/proxy.toml", table)
    write(root, "relay/topologies/relayed.toml", topology)
    names = ("host", "port", "server_host", "server_port", "server_name", "cert", "key", "binary")
    request = ProxyRequest("relayed", "tls", **{name: f"a {name}" for name in names})
    return launch_proxy(root, request, PLACE, OUTER)


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("launch", "accepted"),
    [
        (server, servers.PLACEHOLDERS),
        (companion, apps.PLACEHOLDERS),
        (listening_companion, apps.LISTENER_PLACEHOLDERS),
        (proxy, proxies.PLACEHOLDERS),
    ],
)
def test_a_launch_fills_exactly_the_placeholders_that_the_catalogue_accepts(
    tmp_path: Path, launch: Callable[[Path, str], tuple[str, ...]], accepted: tuple[str, ...]
) -> None:
    all_of_them = ", ".join(f'"{{{name}}}"' for name in accepted)
    argv = launch(tmp_path, all_of_them)
    assert len(argv) == len(accepted)
    assert not [word for word in argv if "{" in word or not word]
    with pytest.raises(LaunchError) as raised:
        launch(tmp_path, f'{all_of_them}, "{{spam}}"')
    assert set(re.findall(r"\{(\w+)\}", str(raised.value).partition("expected one of ")[2])) == set(accepted)


CONFIGURED = 'command = ["relay"]\nconfiguration = "conf/relay.conf"\n[placeholders]\n'


def test_a_configuration_and_its_template_may_be_in_subfolders(tmp_path: Path) -> None:
    write(tmp_path, "relay/templates/a.conf", "listen ${PORT}; key ${KEY};")
    table = f'{CONFIGURED}PORT = "{{port}}"\nKEY = "{{key}}"\n'
    launch = proxy_of(tmp_path, table, 'proxy = "relay"\ntemplate = "templates/a.conf"\n')
    assert launch.texts == {"conf/relay.conf": "listen a port; key key.pem;"}
    launch.write(tmp_path / "prefix")
    assert (tmp_path / "prefix" / "conf" / "relay.conf").read_text(encoding="utf-8") == "listen a port; key key.pem;"
    assert ends_tls(tmp_path, "relayed")


def test_a_configuration_may_name_the_program_that_the_command_does_not(tmp_path: Path) -> None:
    write(tmp_path, "relay/a.conf", "run ${PROGRAM}")
    launch = proxy_of(tmp_path, f'{CONFIGURED}PROGRAM = "{{binary}}"\n', 'proxy = "relay"\ntemplate = "a.conf"\n')
    assert launch.texts == {"conf/relay.conf": "run a binary"}
