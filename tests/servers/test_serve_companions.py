"""serve.py also launches companions, and gives the app its broker's address."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from support.serving import ROOT, SERVE

SAYS = '["{python}", "-c", "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"'
ECHO = f"""
name = "echo"
command = {SAYS}]

[[variants]]
name = "once"
interfaces = ["asgi"]
listeners.cleartext.protocols = ["http/1.1"]
"""
MENU = """
[entrypoints]
asgi = "menu:app"
"""
APP = f"""
python_path = ["menu"]
[entrypoints]
asgi = "breakfast:app"

[[companions]]
name = "kitchen"
command = ["{{python}}", "-c", "", "{{host}}:{{port}}"]

[[companions]]
name = "waiter"
command = {SAYS}, "{{broker}}"]

[[companions]]
name = "absent"
command = ["topolab-has-no-such-program", "--bind", "{{host}}", "--port", "{{port}}"]

[[companions]]
name = "certified"
command = ["{{python}}", "{{cert}}"]
"""
BREAKFAST = "apps/breakfast/app.toml"
WHERE = ("--host", "127.0.0.1", "--port", "8001")
SERVER = ("echo-once", "--app", "breakfast", "--listener", "cleartext", *WHERE)
Printed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"servers/echo/server.toml": ECHO, "apps/menu/app.toml": MENU, "apps/breakfast/app.toml": APP}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path.resolve()


@pytest.fixture
def printed(
    serve: ModuleType, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Printed:
    """Run main() with --print; return its exit code, standard output and standard error."""
    monkeypatch.delenv("BROKER", raising=False)
    monkeypatch.delenv("LISTENER", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        code: int = serve.main([*arguments, "--root", str(root), "--print"])
        return code, *capsys.readouterr()

    return run


def launched(root: Path, *arguments: str, **environment: str) -> tuple[list[str], dict[str, str]]:
    """The arguments and the environment that a launched program prints."""
    outer = {name: value for name, value in os.environ.items() if name not in ("BROKER", "LISTENER")}
    done = subprocess.run(
        [sys.executable, "-I", str(SERVE), *arguments, "--root", str(root)],
        env={**outer, **environment},
        capture_output=True,
        check=True,
    )
    arguments_seen, environment_seen = json.loads(done.stdout)
    return arguments_seen, environment_seen


def test_a_companion_is_launched_on_the_given_address(printed: Printed) -> None:
    code, out, err = printed("--companion", "kitchen", "--app", "breakfast", *WHERE)
    assert (code, err) == (0, "")
    assert json.loads(out) == {"argv": [sys.executable, "-c", "", "127.0.0.1:8001"]}


@pytest.mark.parametrize(
    ("options", "environment"),
    [(("--broker", "127.0.0.1:9"), {}), ((), {"BROKER": "127.0.0.1:9"}), (("--broker=127.0.0.1:9",), {"BROKER": "x"})],
)
def test_a_companion_becomes_its_program_with_the_broker_and_its_apps_modules(
    root: Path, options: tuple[str, ...], environment: dict[str, str]
) -> None:
    said = launched(root, "--companion", "waiter", "--app", "breakfast", *options, **environment)
    assert said[0] == ["127.0.0.1:9"]
    assert {name: said[1].get(name) for name in ("PYTHONPATH", "TOPOLAB_BROKER", "BROKER")} == {
        "PYTHONPATH": f"{root}/apps/breakfast:{root}/apps/menu:{root}/apps/common",
        "TOPOLAB_BROKER": "127.0.0.1:9",
        "BROKER": None,
    }


def test_the_server_gets_the_broker_and_the_apps_modules(root: Path) -> None:
    said = launched(root, *SERVER, "--broker", "127.0.0.1:9")
    assert said[0] == ["breakfast:app"]
    assert (said[1]["PYTHONPATH"], said[1]["TOPOLAB_BROKER"]) == (
        f"{root}/apps/breakfast:{root}/apps/menu:{root}/apps/common",
        "127.0.0.1:9",
    )


NAMES = "kitchen, waiter, absent, certified"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--companion", "cook", "--app", "breakfast"),
            f"{BREAKFAST}: companions: 'cook' is unknown; expected one of {NAMES}",
        ),
        (
            ("--companion", "cook", "--app", "menu"),
            "apps/menu/app.toml: companions: 'cook' is unknown; expected one of (none)",
        ),
        (
            ("--companion", "kitchen", "--app", "breakfast", "--host", "127.0.0.1"),
            f"{BREAKFAST}: companions.kitchen.command: uses {{port}}; expected the option --port PORT",
        ),
        (
            ("--companion", "waiter", "--app", "breakfast"),
            f"{BREAKFAST}: companions.waiter.command: uses {{broker}}; expected the option --broker HOST:PORT",
        ),
        (
            ("--companion", "certified", "--app", "breakfast", "--cert", "c.pem", "--broker", "h:1"),
            f"{BREAKFAST}: companions.certified.command: uses {{cert}}; expected the option --cert FILE",
        ),
        (SERVER, f"{BREAKFAST}: companions: a broker is needed; expected the option --broker HOST:PORT"),
    ],
)
def test_undeclared_or_missing_values_are_refused_in_one_line(
    printed: Printed, arguments: tuple[str, ...], message: str
) -> None:
    assert printed(*arguments) == (2, "", f"serve.py: {message}\n")


def test_a_program_missing_from_path_is_named(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(SERVE), "--companion", "absent", "--app", "breakfast", *WHERE, "--root", str(root)],
        capture_output=True,
        text=True,
        check=False,
    )
    message = "serve.py: topolab-has-no-such-program: cannot be run: No such file or directory\n"
    assert (done.returncode, done.stderr) == (2, message)


@pytest.mark.parametrize(
    "arguments",
    [("--app", "menu"), ("echo-once", "--companion", "kitchen", "--app", "breakfast")],
    ids=["none", "both"],
)
def test_it_launches_either_a_server_or_a_companion(
    serve: ModuleType, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        serve.main(list(arguments))
    assert ended.value.code == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told == "serve.py: error: either SERVER or --companion NAME is required"


def test_every_companion_of_this_checkout_has_an_argv(serve: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for name in ("broker", "task-worker"):
        assert serve.main(["--companion", name, "--app", "django-celery", *WHERE, "--broker", "h:1", "--print"]) == 0
        said[name] = json.loads(capsys.readouterr().out)["argv"]
    assert said["broker"][:5] == ["redis-server", "--bind", "127.0.0.1", "--port", "8001"]
    assert said["task-worker"][:4] == [sys.executable, "-m", "celery", "--app"]
    assert (ROOT / "apps" / "django-celery" / "django_celery_tasks.py").is_file()
