"""A stack of each kind: which networks its containers are on, and which of them has the key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cells import cell_of
from support.containers import OF_THE_RUN, api, inspected, project_of
from topolab.backends.compose import ComposeBackend
from topolab.backends.compose.stack import ComposeStack
from topolab.catalogue import Catalogue
from topolab.model.protocol import ClientProtocol

ENDS_TLS = {"direct": "server", "alb": "proxy", "nlb-tcp": "server", "nlb-tls-http2only": "proxy"}


@pytest.fixture(scope="module", params=ENDS_TLS)
def topology(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def stack(topology: str, catalogue: Catalogue, docker_backend: ComposeBackend) -> Iterator[ComposeStack]:
    with docker_backend.stack(cell_of(catalogue, topology, ClientProtocol.H2, "hypercorn-asyncio")) as stack:
        yield stack


@pytest.mark.usefixtures("stack")
def test_a_runs_networks_have_no_way_out_and_publish_nothing() -> None:
    parts = inspected([OF_THE_RUN])
    networks = {name for part in parts.values() for name in part["NetworkSettings"]["Networks"]}
    with api() as engine:
        internal = {name.rpartition("_")[2]: engine.inspect_network(name)["Internal"] for name in networks}
    assert internal == {"edge": True, "inside": True}
    assert set(parts) >= {"server", "load"}
    assert [name for name, part in parts.items() if any((part["NetworkSettings"]["Ports"] or {}).values())] == []


def test_a_server_behind_a_proxy_is_only_on_the_inner_network(topology: str, stack: ComposeStack) -> None:
    names = {
        name: sorted(network.rpartition("_")[2] for network in part["NetworkSettings"]["Networks"])
        for name, part in inspected([project_of(stack)]).items()
    }
    behind = {"server": ["inside"], "proxy": ["edge", "inside"]}
    assert names == ({"server": ["edge", "inside"]} if topology == "direct" else behind)


@pytest.mark.usefixtures("stack")
def test_only_the_part_that_ends_tls_has_the_key(topology: str) -> None:
    parts = inspected([OF_THE_RUN])
    told = {name for name, part in parts.items() if any("PRIVATE KEY" in word for word in part["Config"]["Env"])}
    roots = {name: Path(f"/proc/{part['State']['Pid']}/root/run/topolab") for name, part in parts.items()}
    held = {name for name, root in roots.items() if (root / "key.pem").exists()}
    assert (told, held) == ({ENDS_TLS[topology]}, {ENDS_TLS[topology]})
