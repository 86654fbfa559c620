"""The TOML file in docs/adding-a-server.md is enough to measure a server."""

from __future__ import annotations

import json
import re
from pathlib import Path

from support.catalogues import catalogue_root
from support.command import ROOT, run_matrix


def documented_toml() -> str:
    page = (ROOT / "docs" / "adding-a-server.md").read_text()
    block = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert block
    return block[1]


def test_one_toml_file_is_enough_to_measure_a_server(tmp_path: Path) -> None:
    root = catalogue_root(tmp_path, {"plain-uvicorn": documented_toml()})
    only = (
        "server=plain-uvicorn",
        "app=bare",
        "profile=ceiling",
        "topology=direct",
        "topology=alb",
        "topology=nlb-tcp",
    )
    arguments = [argument for choice in only for argument in ("--only", choice)]
    done = run_matrix(
        *("--matrix", "full", "--rounds", "1", "--json", "--out", str(tmp_path / "out"), *arguments),
        TOPOLAB_CATALOGUE=str(root),
    )
    assert done.returncode == 0, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"] if not cell["id"].endswith("+1")}
    prefix = "plain-uvicorn-asyncio/bare-asgi"
    assert {name for name, cell in cells.items() if cell["status"] == "measured"} == {
        f"{prefix}/direct/h1/ceiling",
        f"{prefix}/direct/h1c/ceiling",
        f"{prefix}/alb/h1/ceiling",
        f"{prefix}/alb/h2/ceiling",
        f"{prefix}/nlb-tcp/h1/ceiling",
    }
    assert cells[f"{prefix}/nlb-tcp/h2/ceiling"]["reason"] == (
        "plain-uvicorn-asyncio does not speak HTTP/2: the nlb-tcp hop would be HTTP/1.1"
    )
    assert cells[f"{prefix}/alb/h2/ceiling"]["downgraded"] is True


def test_the_documented_command_works_as_written(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "adding-a-server.md").read_text()
    command = re.search(r"python3 scripts/run_matrix.py (.+)", page)
    assert command
    root = catalogue_root(tmp_path, {"plain-uvicorn": documented_toml()})
    done = run_matrix("--dry-run", *command[1].split(), TOPOLAB_CATALOGUE=str(root))
    assert done.returncode == 0, done.stderr
