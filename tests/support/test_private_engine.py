"""The private Docker Engine works as later tests need it, and leaves nothing behind."""

from __future__ import annotations

import http.client
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.private_engine import PrivateEngine, PrivateEngineError, require

BASE = "topolab-base:trixie"
INTERFACES = Path("/sys/class/net")
READY_DEADLINE_S = 20.0
SERVE = """\
use IO::Socket::INET;
my $listening = IO::Socket::INET->new(LocalPort => 80, Listen => 5, ReuseAddr => 1) or die;
while (my $client = $listening->accept) {
  while (<$client>) { last if /^\\r?$/ }
  my $body = "hello";
  if ($ENV{BEHIND}) {
    my $behind = IO::Socket::INET->new(PeerAddr => $ENV{BEHIND}, PeerPort => 80) or die;
    print $behind "GET / HTTP/1.0\\r\\n\\r\\n";
    $body = "through the edge: " . (<$behind>)[-1];
  }
  print $client "HTTP/1.0 200 OK\\r\\n\\r\\n$body";
}
"""
COMPOSE = f"""\
x-perl: &perl
  image: {BASE}
  command: [perl, /serve.pl]
  volumes: ["./serve.pl:/serve.pl:ro"]
  stop_signal: SIGKILL
services:
  web:
    <<: *perl
    networks: [inside]
  edge:
    <<: *perl
    environment: {{BEHIND: web}}
    networks: [inside, outside]
    ports: ["127.0.0.1::80"]
networks:
  inside: {{internal: true}}
  outside: {{}}
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[PrivateEngine]:
    require(BASE)
    with PrivateEngine() as engine:
        engine.load([BASE])
        yield engine
        bridges = engine.bridges()
    assert traces(engine, bridges) == []


def body(published: str) -> str:
    """The server's answer at `address:port`, once it listens, a little after the port is published."""
    deadline = time.monotonic() + READY_DEADLINE_S
    while True:
        connection = http.client.HTTPConnection(published, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        finally:
            connection.close()


def run_server(engine: PrivateEngine, name: str) -> str:
    """Run a server in a container on the default bridge; return its published loopback address."""
    options = ["--detach", "--name", name, "--publish", "127.0.0.1::80", "--stop-signal", "KILL"]
    engine.docker("run", *options, BASE, "perl", "-e", SERVE)
    return engine.docker("port", name, "80").strip()


def packet_filter_rules(about: str) -> list[str]:
    """The rules that name an interface or a comment."""
    said = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if about in line.split()]


def traces(engine: PrivateEngine, bridges: list[str]) -> list[str]:
    """Processes, mounts in any namespace, interfaces, packet filter rules and files that belong to this engine."""
    found = [str(engine.folder)] if engine.folder.exists() else []
    for entry in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "mountinfo"):
            try:
                text = (entry / name).read_text(errors="replace").replace("\0", " ")
            except OSError:
                continue
            found += [f"{entry.name} {name}: {line}" for line in text.splitlines() if f"{engine.folder}/" in line]
    found += packet_filter_rules(engine.bridge)
    return found + [name for name in bridges if (INTERFACES / name).exists()]


def what_a_second_engine_could_take_from_the_first() -> list[str]:
    """Its default bridge by a number unique to this bridge, and the rules about it."""
    return [(INTERFACES / "docker0" / "ifindex").read_text(), *packet_filter_rules("docker0")]


def test_a_composed_service_is_reached_through_an_edge_published_on_loopback(
    engine: PrivateEngine, tmp_path: Path
) -> None:
    (tmp_path / "serve.pl").write_text(SERVE)
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    engine.docker("compose", "up", "--detach", cwd=tmp_path)
    try:
        published = engine.docker("compose", "port", "edge", "80", cwd=tmp_path).strip()
        assert published.startswith("127.0.0.1:")
        assert body(published) == "through the edge: hello"
    finally:
        engine.docker("compose", "down", cwd=tmp_path)


def test_the_engine_keeps_its_address_when_stopped_killed_and_restarted(engine: PrivateEngine) -> None:
    host = engine.host
    before = what_a_second_engine_could_take_from_the_first()
    engine.stop()
    assert not engine.answers()
    engine.start()
    assert body(run_server(engine, "before")) == "hello"
    engine.kill()
    assert not engine.answers()
    engine.start()
    assert engine.host == host
    assert engine.docker("ps", "--all", "--format", "{{.Names}} {{.State}}") == "before exited\n"
    engine.restart()
    engine.docker("start", "before")
    assert body(engine.docker("port", "before", "80").strip()) == "hello"
    assert what_a_second_engine_could_take_from_the_first() == before


def test_closing_a_killed_engine_leaves_nothing_behind(tmp_path: Path) -> None:
    require(BASE)
    with PrivateEngine() as engine:
        engine.load([BASE])
        (tmp_path / "serve.pl").write_text(SERVE)
        (tmp_path / "compose.yaml").write_text(COMPOSE)
        engine.docker("compose", "up", "--detach", cwd=tmp_path)
        assert body(run_server(engine, "alone")) == "hello"
        bridges = engine.bridges()
        assert len(bridges) == 3
        assert len(packet_filter_rules(engine.bridge)) == 1
        assert len(traces(engine, bridges)) > 10
        engine.kill()
    assert traces(engine, bridges) == []
    with pytest.raises(PrivateEngineError):
        engine.docker("version")
