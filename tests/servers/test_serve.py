"""serve.py builds exactly the declared argv, becomes that process, and refuses anything else in one line."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from servers.serving import ROOT, Port, discover

SERVE = ROOT / "servers" / "serve.py"

SERVER = """
name = "spam"
command = ["{python}", "-m", "spam", "--bind", "{host}:{port}", "-w", "{workers}", "--config", "{folder}/spam.conf"]

[[variants]]
name = "fried-egg"
interfaces = ["asgi"]
argv = ["--egg", "{}", "{not a name}"]
[variants.listeners.cleartext]
protocols = ["http/1.1"]
[variants.listeners.tls]
protocols = ["http/1.1"]
argv = ["--cert={cert}", "--key={key}"]

[[variants]]
name = "wsgi"
interfaces = ["wsgi"]
app_argument = "wsgi:{app}"
listeners.cleartext.protocols = ["http/1.1"]

[[variants]]
name = "misspelt"
interfaces = ["asgi"]
argv = ["{hots}"]
listeners.cleartext.protocols = ["http/1.1"]

[[variants]]
name = "deaf"
interfaces = ["asgi"]
"""
ECHO = """
name = "echo"
command = ["{python}", "-c", "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"]

[[variants]]
name = "once"
interfaces = ["asgi"]
listeners.cleartext.protocols = ["http/1.1"]
[variants.env]
SPAM = "fried"
"""
APP = """
[entrypoints]
asgi = "menu:app"
wsgi = "menu_wsgi:app"
"""
ASGI_ONLY = """
[entrypoints]
asgi = "menu:app"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "servers/spam/server.toml": SERVER,
        "servers/echo/server.toml": ECHO,
        "servers/broken/server.toml": "name =",
        "servers/empty/server.toml": 'name = "empty"',
        "apps/menu/app.toml": APP,
        "apps/asgi-only/app.toml": ASGI_ONLY,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path.resolve()


@pytest.fixture(scope="module")
def serve() -> ModuleType:
    spec = importlib.util.spec_from_file_location("serve_under_test", SERVE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def printed(serve: ModuleType, root: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run main() with --print; give its exit code, standard output and standard error."""

    def run(server: str, *options: str, app: str = "menu", interface: str = "asgi", listener: str = "cleartext") -> Any:
        chosen = ["--app", app, "--interface", interface, "--listener", listener]
        where = ["--host", "127.0.0.1", "--port", "8001", "--root", str(root), "--print"]
        code: int = serve.main([server, *chosen, *where, *options])
        return code, *capsys.readouterr()

    return run


def test_the_argv_is_command_variant_listener_and_app_in_that_order(
    printed: Callable[..., tuple[int, str, str]], root: Path
) -> None:
    code, out, err = printed("spam-fried-egg", "--cert", "c.pem", "--key", "k.pem", "--workers", "2", listener="tls")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "argv": [
            *(sys.executable, "-m", "spam", "--bind", "127.0.0.1:8001", "-w", "2"),
            *("--config", f"{root}/servers/spam/spam.conf"),
            *("--egg", "{}", "{not a name}", "--cert=c.pem", "--key=k.pem", "menu:app"),
        ]
    }
    assert out.count("\n") == 1


def test_the_app_argument_may_say_how_the_app_is_named(printed: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = printed("spam-wsgi", interface="wsgi")
    assert json.loads(out)["argv"][-1] == "wsgi:menu_wsgi:app"


SERVERS = "broken-VARIANT, echo-VARIANT, empty-VARIANT, spam-VARIANT"
TOML = "servers/spam/server.toml"
PLACEHOLDERS = "{python}, {host}, {port}, {app}, {workers}, {folder}"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"server": "ham-fried"}, f"{{root}}/servers: ham-fried: no such server; expected one of {SERVERS}"),
        (
            {"server": "spam-ham"},
            f"{TOML}: variants: 'ham' is unknown; expected one of fried-egg, wsgi, misspelt, deaf",
        ),
        ({"app": "ham"}, "{root}/apps: ham: 'ham' is unknown; expected one of asgi-only, menu"),
        ({"interface": "wsgi"}, f"{TOML}: variants.fried-egg.interfaces: 'wsgi' is unknown; expected one of asgi"),
        (
            {"server": "spam-wsgi", "interface": "wsgi", "app": "asgi-only"},
            "apps/asgi-only/app.toml: entrypoints: 'wsgi' is unknown; expected one of asgi",
        ),
        (
            {"listener": "quic"},
            f"{TOML}: variants.fried-egg.listeners: 'quic' is unknown; expected one of cleartext, tls",
        ),
        (
            {"listener": "tls"},
            f"{TOML}: variants.fried-egg.listeners.tls.argv: uses {{cert}}; expected the option --cert FILE",
        ),
        (
            {"server": "spam-misspelt"},
            f"{TOML}: variants.misspelt.argv: '{{hots}}' is unknown; expected one of {PLACEHOLDERS}",
        ),
        ({"server": "spam-deaf"}, f"{TOML}: deaf: listeners is missing; expected that key"),
        ({"server": "empty-once"}, "servers/empty/server.toml: empty: variants is missing; expected that key"),
        (
            {"server": "broken-once"},
            "servers/broken/server.toml: cannot be read as TOML: Invalid value (at end of document)",
        ),
    ],
)
def test_what_is_not_declared_is_refused_in_one_line(
    printed: Callable[..., tuple[int, str, str]], root: Path, asked: dict[str, str], message: str
) -> None:
    expected = message.replace("{root}", str(root))
    assert printed(**{"server": "spam-fried-egg", **asked}) == (2, "", f"serve.py: {expected}\n")


def test_the_launcher_becomes_the_server_with_the_apps_as_its_only_search_path(root: Path) -> None:
    launched = subprocess.run(
        [
            *(sys.executable, "-I", str(SERVE), "echo-once", "--root", str(root), "--app", "menu"),
            *("--interface", "asgi", "--listener", "cleartext", "--host", "127.0.0.1", "--port", "8001"),
        ],
        env={**os.environ, "PYTHONPATH": "/elsewhere", "WEB_CONCURRENCY": "9", "TZ": "UTC"},
        capture_output=True,
        check=True,
    )
    announced, said = [json.loads(line) for line in launched.stdout.splitlines()]
    arguments, environment = said
    assert announced["argv"][0] == sys.executable
    assert arguments == ["menu:app"]
    names = ("PYTHONPATH", "PYTHONUNBUFFERED", "WEB_CONCURRENCY", "TZ", "SPAM")
    assert {name: environment.get(name) for name in names} == {
        "PYTHONPATH": f"{root}/apps/menu:{root}/apps/common",
        "PYTHONUNBUFFERED": "1",
        "WEB_CONCURRENCY": None,
        "TZ": "UTC",
        "SPAM": "fried",
    }


@pytest.mark.parametrize("port", discover(), ids=str)
def test_every_declared_listener_gets_an_argv(
    serve: ModuleType, capsys: pytest.CaptureFixture[str], port: Port
) -> None:
    chosen = [port.server, "--app", "bare", "--interface", port.interface, "--listener", port.listener]
    assert serve.main([*chosen, "--host", "127.0.0.1", "--port", "1", "--cert", "c", "--key", "k", "--print"]) == 0
    argv = json.loads(capsys.readouterr().out)["argv"]
    assert argv[-1].endswith(f"bare_{port.interface}:app")
