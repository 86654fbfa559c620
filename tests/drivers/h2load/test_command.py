"""The h2load command line of every kind of load over every protocol, whole."""

from __future__ import annotations

import pytest

from support.driver_stage import closed, counted
from topolab.drivers.h2load.command import h2load_argv
from topolab.model.profile import ClosedLoad, CountLoad, Lanes
from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target

COUNTED = counted(100, Lanes(10, 5))
TIMED = closed(Lanes(4, 2), driver="h2load", warm_up_s=0.25, duration_s=1.5)


@pytest.mark.parametrize(
    ("protocol", "told", "scheme"),
    [
        (ClientProtocol.HTTP1, "--h1", "https"),
        (ClientProtocol.H1C, "--h1", "http"),
        (ClientProtocol.H2, "--alpn-list=h2", "https"),
        (ClientProtocol.H2C, "--no-tls-proto=h2c", "http"),
    ],
)
@pytest.mark.parametrize(
    ("profile", "load"),
    [
        (COUNTED, ["--clients=10", "--max-concurrent-streams=5", "--requests=100"]),
        (TIMED, ["--clients=4", "--max-concurrent-streams=2", "--warm-up-time=250ms", "--duration=1500ms"]),
    ],
    ids=["counted", "timed"],
)
def test_the_command_for_each_protocol(
    profile: CountLoad | ClosedLoad, load: list[str], protocol: ClientProtocol, told: str, scheme: str
) -> None:
    assert h2load_argv(Target("127.0.0.1", 8443, protocol), profile, "requests.tsv") == [
        *("h2load", "--threads=1", *load, told, "--connect-to=127.0.0.1:8443", "--log-file=requests.tsv"),
        f"{scheme}://edge.topolab.test:8443/query?id=X",
    ]


def test_http1_and_http2_have_their_own_lanes() -> None:
    profile = CountLoad(
        name="c", summary="s", driver="h2load", path="/", body="", http1=Lanes(6), multiplexed=Lanes(1, 100),
        kind="count", requests=24,
    )  # fmt: skip

    argvs = [
        h2load_argv(Target("127.0.0.1", 1, protocol), profile, "log")
        for protocol in (ClientProtocol.HTTP1, ClientProtocol.H2)
    ]

    assert [argv[2:4] for argv in argvs] == [
        ["--clients=6", "--max-concurrent-streams=1"],
        ["--clients=1", "--max-concurrent-streams=100"],
    ]


def test_an_ipv6_address_has_brackets_around_it() -> None:
    argv = h2load_argv(Target("::1", 8080, ClientProtocol.H2C, name="app.test"), COUNTED, "log")

    assert argv[-3:] == ["--connect-to=[::1]:8080", "--log-file=log", "http://app.test:8080/query?id=X"]
