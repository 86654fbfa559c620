"""start_proxy.py fills in what a topology declares and becomes the proxy."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from topolab.catalogue import Catalogue
from topolab.launch.proxying import main
from topolab.launch.root import own_root
from topolab.launch.topologies import listener_of

ROOT = own_root()
START = ROOT / "compose" / "start_proxy.py"
GIVEN = {
    "--edge-host": "127.0.0.1",
    "--edge-port": "8443",
    "--server-host": "127.0.0.2",
    "--server-port": "8000",
    "--server-name": "edge.topolab.test",
    "--cert": "/keys/chain.pem",
    "--key": "/keys/key.pem",
}
TOPOLOGIES = sorted(file.stem for file in ROOT.glob("*/topologies/*.toml"))
PROXIED = [name for name in TOPOLOGIES if name != "direct"]

Started = tuple[int, str, str]
Start = Callable[..., Started]


def options(prefix: Path, words: tuple[str, ...], without: str) -> list[str]:
    given = [word for name, value in GIVEN.items() if name != without for word in (name, value)]
    return ["--prefix", str(prefix), *given, *words]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Run start_proxy.py to its end; return its exit code, standard output and standard error."""

    def run(*words: str, without: str = "") -> Started:
        done = subprocess.run(
            [sys.executable, "-I", str(START), *options(tmp_path / "nginx", words, without)],
            env={name: value for name, value in os.environ.items() if name not in ("TOPOLOGY", "LISTENER")},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def printing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    """The same without a process, for what starts no proxy."""

    def run(*words: str, without: str = "", environment: dict[str, str] | None = None) -> Started:
        with monkeypatch.context() as outer:
            for name in ("TOPOLOGY", "LISTENER"):
                outer.delenv(name, raising=False)
            for name, value in (environment or {}).items():
                outer.setenv(name, value)
            try:
                code = main(options(tmp_path / "nginx", words, without), ROOT)
            except SystemExit as ended:
                code = int(ended.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize("listener", ["cleartext", "tls"])
@pytest.mark.parametrize("topology", PROXIED)
def test_every_topology_is_printed_without_placeholders(
    printing: Start, catalogue: Catalogue, tmp_path: Path, topology: str, listener: str
) -> None:
    declared = catalogue.topologies[topology]
    template = (ROOT / "nginx" / declared.template).read_text(encoding="utf-8")
    scheme = "https" if listener == "tls" else "http"
    values = {name.removeprefix("--").replace("-", "_").upper(): value for name, value in GIVEN.items()}
    values |= {**declared.values, "SERVER_SCHEME": scheme, "CERT": "chain.pem", "KEY": "key.pem"}
    for name, value in values.items():
        template = template.replace(f"${{{name}}}", value)
    assert printing(topology, "--listener", listener, "--print") == (0, template, "")
    assert not re.search(r"\$\{[A-Z]", template)
    assert not (tmp_path / "nginx").exists()


def test_the_script_prints_the_same(start: Start, printing: Start) -> None:
    assert start("alb", "--print") == printing("alb", "--print")
    assert start("abl") == printing("abl")


def test_an_http2_target_is_reached_over_its_listeners_transport(printing: Start) -> None:
    reached = {}
    for listener in ("cleartext", "tls"):
        _, printed, _ = printing("alb-http2", "--listener", listener, "--print")
        reached[listener] = re.findall(r"proxy_pass (\S+);", printed)
    assert reached == {"cleartext": ["http://target"], "tls": ["https://target"]}


@pytest.mark.parametrize(("topology", "listener"), [("alb-http2", "cleartext"), ("nlb-tcp", "tls")])
def test_the_default_listener_is_the_topologys_first(topology: str, listener: str) -> None:
    assert listener_of(ROOT, topology) == listener


def test_an_empty_listener_is_the_default_one(printing: Start) -> None:
    cleartext = printing("alb-http2", "--listener", "cleartext", "--print")
    assert printing("alb-http2", "--print") == cleartext
    assert printing("--print", environment={"TOPOLOGY": "alb-http2", "LISTENER": ""}) == cleartext


@pytest.mark.parametrize(
    ("words", "without", "message"),
    [
        (["abl"], "", f"abl: no such topology; there are {', '.join(TOPOLOGIES)}"),
        (["../topologies/abl"], "", f"../topologies/abl: no such topology; there are {', '.join(TOPOLOGIES)}"),
        (["direct"], "", "direct: this topology has no proxy; choose one whose TOML has a `proxy` key"),
        (["alb"], "--edge-port", "alb.conf: ${EDGE_PORT} has no value; give --edge-port"),
        (["alb"], "--server-host", "alb.conf: ${SERVER_HOST} has no value; give --server-host"),
        (["alb"], "--key", "alb.conf: ${KEY} has no value; give --key"),
        (["alb-http2"], "--server-name", "alb-http2.conf: ${SERVER_NAME} has no value; give --server-name"),
        (["nlb-tls-none"], "--cert", "nlb-tls.conf: ${CERT} has no value; give --cert"),
        (["alb", "--listener", "quic"], "", "--listener quic: must be one of cleartext, tls"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    printing: Start, tmp_path: Path, words: list[str], without: str, message: str
) -> None:
    assert printing(*words, without=without) == (2, "", f"start_proxy.py: {message}\n")
    assert not (tmp_path / "nginx").exists()


def test_a_template_without_a_certificate_needs_none(printing: Start) -> None:
    code, printed, error = printing("nlb-tcp", "--print", without="--cert")
    assert (code, error) == (0, "")
    assert "proxy_pass 127.0.0.2:8000;" in printed


@pytest.mark.parametrize("topology", PROXIED)
def test_topology_and_listener_may_come_from_the_environment(printing: Start, topology: str) -> None:
    said = printing(topology, "--listener", "tls", "--print")
    assert printing("--print", environment={"TOPOLOGY": topology, "LISTENER": "tls"}) == said


def test_options_override_the_environment(printing: Start) -> None:
    outer = {"TOPOLOGY": "direct", "LISTENER": "quic"}
    said = printing("alb-http2", "--listener", "tls", "--print")
    assert said[0] == 0
    assert printing("alb-http2", "--listener", "tls", "--print", environment=outer) == said


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"TOPOLOGY": "abl"}, f"abl: no such topology; there are {', '.join(TOPOLOGIES)}"),
        ({"TOPOLOGY": "alb", "LISTENER": "quic"}, "--listener quic: must be one of cleartext, tls"),
    ],
)
def test_bad_input_in_the_environment_is_one_line(printing: Start, environment: dict[str, str], message: str) -> None:
    assert printing("--print", environment=environment) == (2, "", f"start_proxy.py: {message}\n")


@pytest.mark.parametrize("environment", [{}, {"TOPOLOGY": ""}])
def test_a_missing_topology_is_asked_for(printing: Start, environment: dict[str, str]) -> None:
    code, printed, error = printing("--print", environment=environment)
    assert (code, printed) == (2, "")
    assert error.splitlines()[-1] == "start_proxy.py: error: the following arguments are required: topology"


@pytest.mark.parametrize("name", ["plain", "a b;c$d'e{f#g\"h[i"])
def test_it_becomes_nginx_in_the_prefix_with_only_relative_names(start: Start, tmp_path: Path, name: str) -> None:
    nginx, prefix = tmp_path / "fake-nginx", tmp_path / name
    nginx.write_text('#!/bin/sh\necho "$(pwd) $*"\nexit 7\n')
    nginx.chmod(0o755)
    code, printed, error = start("alb", "--binary", str(nginx), "--prefix", str(prefix))
    as_root = " -g user root;" if os.geteuid() == 0 else ""
    assert (code, error, printed) == (7, "", f"{prefix} -p ./ -c nginx.conf -e stderr{as_root}\n")
    assert (prefix / "nginx.conf").read_text(encoding="utf-8") == start("alb", "--print")[1]
    links = {path.name: str(path.readlink()) for path in prefix.iterdir() if path.is_symlink()}
    assert links == {
        "chain.pem": "/keys/chain.pem",
        "key.pem": "/keys/key.pem",
        "alb-common.conf": f"{ROOT}/nginx/alb-common.conf",
        "alb-trace.conf": f"{ROOT}/nginx/alb-trace.conf",
    }


def test_a_missing_nginx_is_one_line(start: Start) -> None:
    code, _, error = start("alb", "--binary", "/no/such/nginx")
    assert (code, error) == (2, "start_proxy.py: /no/such/nginx: cannot be run: No such file or directory\n")
