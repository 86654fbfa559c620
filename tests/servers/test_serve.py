"""serve.py runs exactly the declared argv, and refuses anything else in one line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.serving import SERVE, Port, discover

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


@pytest.fixture
def printed(serve: ModuleType, root: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run main() with --print; return its exit code, standard output and standard error."""

    def run(
        server: str,
        *options: str,
        variant: str = "",
        app: str = "menu",
        interface: str = "asgi",
        listener: str = "cleartext",
    ) -> Any:
        chosen = ["--variant", variant, "--app", app, "--interface", interface, "--listener", listener]
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


def test_the_app_argument_can_be_configured(printed: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = printed("spam-wsgi", interface="wsgi")
    assert json.loads(out)["argv"][-1] == "wsgi:menu_wsgi:app"


SERVERS = "echo-once, spam-fried-egg, spam-wsgi, spam-misspelt, spam-deaf"
VARIANTS = "fried-egg, wsgi, misspelt, deaf"
TOML = "servers/spam/server.toml"
PLACEHOLDERS = "{python}, {host}, {port}, {app}, {workers}, {folder}"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"server": "ham-fried"}, f"{{root}}/servers: ham-fried: no such server; expected one of {SERVERS}"),
        ({"server": "spam-ham"}, f"{{root}}/servers: spam-ham: no such server; expected one of {SERVERS}"),
        ({"server": "spam", "variant": "ham"}, f"{TOML}: variants: 'ham' is unknown; expected one of {VARIANTS}"),
        (
            {"server": "spam-wsgi", "variant": "wsgi"},
            "{root}/servers: spam-wsgi: 'spam-wsgi' is unknown; expected one of broken, echo, empty, spam",
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
def test_undeclared_names_are_refused_in_one_line(
    printed: Callable[..., tuple[int, str, str]], root: Path, asked: dict[str, str], message: str
) -> None:
    expected = message.replace("{root}", str(root))
    assert printed(**{"server": "spam-fried-egg", **asked}) == (2, "", f"serve.py: {expected}\n")


def test_the_launcher_becomes_the_server_with_only_the_apps_on_its_path(root: Path) -> None:
    launched = subprocess.run(
        [
            *(sys.executable, "-I", str(SERVE), "echo-once", "--root", str(root), "--app", "menu"),
            *("--interface", "asgi", "--listener", "cleartext", "--host", "127.0.0.1", "--port", "8001"),
        ],
        env={**os.environ, "PYTHONPATH": "/elsewhere", "WEB_CONCURRENCY": "9", "TZ": "UTC"},
        capture_output=True,
        check=True,
    )
    arguments, environment = json.loads(launched.stdout)
    assert arguments == ["menu:app"]
    names = ("PYTHONPATH", "PYTHONUNBUFFERED", "WEB_CONCURRENCY", "TZ", "SPAM")
    assert {name: environment.get(name) for name in names} == {
        "PYTHONPATH": f"{root}/apps/menu:{root}/apps/common",
        "PYTHONUNBUFFERED": "1",
        "WEB_CONCURRENCY": None,
        "TZ": "UTC",
        "SPAM": "fried",
    }


def said_of(printed: Callable[..., tuple[int, str, str]], server: str, **chosen: str) -> list[str]:
    """The printed argv, if there is one."""
    code, out, err = printed(server, "--cert", "c.pem", "--key", "k.pem", **chosen)
    assert (code, err) == (0, "")
    argv: list[str] = json.loads(out)["argv"]
    return argv


def test_a_server_without_a_variant_means_its_first_variant(printed: Callable[..., tuple[int, str, str]]) -> None:
    for listener in ("cleartext", "tls"):
        argv = said_of(printed, "spam", listener=listener)
        assert argv == said_of(printed, "spam-fried-egg", listener=listener)


@pytest.mark.parametrize(
    ("added", "name", "meant"),
    [
        ("spam-wsgi", "spam-wsgi", "spam --variant wsgi or spam-wsgi --variant once"),
        ("spam-fried", "spam-fried-egg", "spam --variant fried-egg or spam-fried --variant egg"),
    ],
)
def test_an_ambiguous_name_is_refused_and_variant_resolves_it(
    printed: Callable[..., tuple[int, str, str]], root: Path, added: str, name: str, meant: str
) -> None:
    variant = "once" if added == name else "egg"
    (root / "servers" / added).mkdir()
    (root / "servers" / added / "server.toml").write_text(ECHO.replace('"once"', f'"{variant}"'))
    assert printed(name) == (
        2,
        "",
        f"serve.py: {root}/servers: {name}: may mean more than one server; expected {meant}\n",
    )
    assert said_of(printed, added, variant=variant) == said_of(printed, "echo", variant="once")
    assert said_of(printed, "spam", variant="fried-egg")[2] == "spam"


def test_an_unreadable_server_does_not_affect_others(printed: Callable[..., tuple[int, str, str]]) -> None:
    assert said_of(printed, "spam-fried-egg") == said_of(printed, "spam", variant="fried-egg")


def test_the_launcher_writes_nothing_to_the_servers_log(root: Path) -> None:
    where = ["--host", "127.0.0.1", "--port", "8001", "--listener", "cleartext", "--root", str(root)]
    done = subprocess.run(
        [sys.executable, "-I", str(SERVE), "echo", "--app", "menu", *where], capture_output=True, check=True
    )
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("broken", "servers/broken/server.toml: cannot be read as TOML: Invalid value (at end of document)"),
        ("empty", "servers/empty/server.toml: empty: variants is missing; expected that key"),
    ],
)
def test_a_server_that_has_no_variants_is_refused_in_one_line(
    printed: Callable[..., tuple[int, str, str]], server: str, message: str
) -> None:
    assert printed(server) == (2, "", f"serve.py: {message}\n")


BOTH = """
name = "both"
command = ["{python}", "-m", "both"]

[[variants]]
name = "wsgi-first"
interfaces = ["wsgi", "asgi"]
listeners.cleartext.protocols = ["http/1.1"]
"""


@pytest.mark.parametrize(
    ("server", "app", "entry_point"),
    [
        ("spam-fried-egg", "menu", "menu:app"),
        ("spam-wsgi", "menu", "wsgi:menu_wsgi:app"),
        ("both-wsgi-first", "menu", "menu_wsgi:app"),
        ("both-wsgi-first", "asgi-only", "menu:app"),
    ],
)
def test_the_default_interface_is_the_variants_first_that_the_app_has(
    printed: Callable[..., tuple[int, str, str]], root: Path, server: str, app: str, entry_point: str
) -> None:
    (root / "servers" / "both").mkdir()
    (root / "servers" / "both" / "server.toml").write_text(BOTH)
    assert said_of(printed, server, app=app, interface="")[-1] == entry_point


@pytest.mark.parametrize(
    ("server", "app", "message"),
    [
        ("spam-wsgi", "asgi-only", "apps/asgi-only/app.toml: entrypoints: 'wsgi' is unknown; expected one of asgi"),
        ("spam-wsgi", "ham", "{root}/apps: ham: 'ham' is unknown; expected one of asgi-only, menu"),
    ],
)
def test_an_app_without_any_of_the_variants_interfaces_is_refused(
    printed: Callable[..., tuple[int, str, str]], root: Path, server: str, app: str, message: str
) -> None:
    expected = message.replace("{root}", str(root))
    assert printed(server, app=app, interface="") == (2, "", f"serve.py: {expected}\n")


def launch(root: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the launcher with --print and only a server, without interface and listener."""
    where = ["--host", "127.0.0.1", "--port", "8001", "--cert", "c.pem", "--key", "k.pem", "--root", str(root)]
    outer = {name: value for name, value in os.environ.items() if name != "LISTENER"}
    return subprocess.run(
        [sys.executable, "-I", str(SERVE), "spam", "--app", "menu", *where, "--print", *options],
        env={**outer, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_listener_option_overrides_the_environment(root: Path) -> None:
    said = {listener: launch(root, "--listener", listener).stdout for listener in ("cleartext", "tls")}
    assert said["cleartext"] != said["tls"]
    from_outside = {listener: launch(root, LISTENER=listener).stdout for listener in ("cleartext", "tls")}
    assert from_outside == said
    assert launch(root, "--listener", "tls", LISTENER="cleartext").stdout == said["tls"]


@pytest.mark.parametrize("listener", ["quic", ""])
def test_an_undeclared_listener_from_the_environment_is_refused(root: Path, listener: str) -> None:
    done = launch(root, LISTENER=listener)
    message = f"{TOML}: variants.fried-egg.listeners: {listener!r} is unknown; expected one of cleartext, tls"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"serve.py: {message}\n")


def test_a_missing_listener_is_asked_for(root: Path) -> None:
    done = launch(root)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == "serve.py: error: the following arguments are required: --listener"


REQUIRED = ("--app APP", "--listener LISTENER", "--host HOST", "--port PORT")


def test_the_help_shows_what_a_server_and_a_companion_require(
    serve: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        serve.main(["--help"])
    usage, _, _ = capsys.readouterr().out.partition("\n\n")
    assert [line.removeprefix("usage:").strip() for line in usage.splitlines()] == [
        f"serve.py SERVER {' '.join(REQUIRED)} [options]",
        "serve.py --companion NAME --app APP [options]",
    ]


@pytest.mark.parametrize("left_out", REQUIRED)
def test_what_the_help_shows_as_required_is_required(
    serve: ModuleType, capsys: pytest.CaptureFixture[str], left_out: str
) -> None:
    given = ("--app menu", "--listener tls", "--host 127.0.0.1", "--port 8001")
    option = left_out.split()[0]
    words = [word for text in given if not text.startswith(option) for word in text.split()]
    with pytest.raises(SystemExit) as ended:
        serve.main(["echo-once", *words])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"the following arguments are required: {option}\n")


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        *(("--workers", value, "a whole number, at least 1") for value in ("0", "-1", "two", "1.5")),
        *(("--port", value, "a whole number from 1 to 65535") for value in ("0", "-1", "65536", "http")),
    ],
)
def test_an_impossible_number_is_refused(
    serve: ModuleType, capsys: pytest.CaptureFixture[str], option: str, value: str, expected: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        serve.main(["echo-once", "--app", "menu", option, value])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"serve.py: error: argument {option}: must be {expected}, not {value!r}\n")


@pytest.mark.parametrize("port", discover(), ids=str)
def test_every_declared_listener_gets_an_argv(
    serve: ModuleType, capsys: pytest.CaptureFixture[str], port: Port
) -> None:
    chosen = [port.server, "--app", "bare", "--interface", port.interface, "--listener", port.listener]
    assert serve.main([*chosen, "--host", "127.0.0.1", "--port", "1", "--cert", "c", "--key", "k", "--print"]) == 0
    argv = json.loads(capsys.readouterr().out)["argv"]
    assert argv[-1].endswith(f"bare_{port.interface}:app")
