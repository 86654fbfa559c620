"""`--json` with `--list` and `--dry-run`: the same answers for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from topolab.catalogue import Catalogue
from topolab.cli.entry import main
from topolab.model.protocol import ClientProtocol

SMOKE = ("--dry-run", "--backend", "local", "--matrix", "smoke", "--only", "server=granian-asgi")
CELL = {
    "server": "granian-asgi",
    "app": "bare",
    "interface": "asgi",
    "client_protocol": "h2",
}


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """The document on standard output, and nothing else."""
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_list_has_every_name_with_its_summary(capsys: pytest.CaptureFixture[str], catalogue: Catalogue) -> None:
    found = answer(capsys, "--list")
    assert {key: list(names) for key, names in found.items()} == {
        "matrix": list(catalogue.matrices),
        "server": list(catalogue.candidates),
        "app": list(catalogue.apps),
        "topology": list(catalogue.topologies),
        "protocol": [protocol.value for protocol in ClientProtocol],
        "profile": list(catalogue.profiles),
    }
    assert found["matrix"]["smoke"] == catalogue.matrices["smoke"].summary
    assert found["app"]["bare"] == catalogue.apps["bare"].summary
    assert all(summary for names in found.values() for summary in names.values())


def test_the_plan_has_its_cells_and_their_hops(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, *SMOKE, "--only", "protocol=h2", "--only", "topology=alb", "--only", "topology=direct")
    profile = found["cells"][0]["profile"]
    edge = {"from": "client", "to": "proxy", "protocol": "h2", "tls": True}
    inner = {"from": "proxy", "to": "server", "protocol": "http/1.1", "tls": False}
    direct = {"from": "client", "to": "server", "protocol": "h2", "tls": True}
    expected = [("direct", [direct], False), ("alb", [edge, inner], True)]
    assert found["cells"] == [
        {
            **CELL,
            "id": f"granian-asgi/bare-asgi/{topology}/h2/{profile}",
            "topology": topology,
            "profile": profile,
            "hops": hops,
            "downgraded": downgraded,
        }
        for topology, hops, downgraded in expected
    ]
    others = {key: value for key, value in found.items() if key not in ("cells", "expected_s")}
    assert others == {"matrix": "smoke", "backend": "local", "rounds": 1, "images_to_build": [], "skips": []}


def test_the_plan_has_the_seconds_for_all_rounds(capsys: pytest.CaptureFixture[str]) -> None:
    once, thrice = (answer(capsys, *SMOKE, "--rounds", str(rounds)) for rounds in (1, 3))
    assert (once["rounds"], thrice["rounds"]) == (1, 3)
    assert once["expected_s"] > 0
    assert thrice["expected_s"] == pytest.approx(3 * once["expected_s"], abs=0.2)


def test_the_plan_has_every_skip_with_its_reason_and_code_3_if_there_is_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    only = ("--only", "server=uvicorn-httptools", "--only", "protocol=h2", "--only", "topology=nlb-tcp")
    found = answer(capsys, "--dry-run", "--backend", "local", *only, code=3)
    assert (found["cells"], found["expected_s"]) == ([], 0)
    (skip,) = found["skips"]
    assert (skip["server"], skip["topology"], skip["client_protocol"]) == ("uvicorn-httptools", "nlb-tcp", "h2")
    assert skip["reason"] == "uvicorn-httptools does not speak HTTP/2: the nlb-tcp hop would be HTTP/1.1"
