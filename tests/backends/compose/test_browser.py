"""A page visited by a browser in a container, without privileges, and removed with the run."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import docker

from support.command import ROOT, engine_of_this_machine, environment
from support.engines import site_here
from topolab.catalogue import Catalogue


def test_a_page_is_visited_from_a_container_behind_an_alb(catalogue: Catalogue, tmp_path: Path) -> None:
    site_here(catalogue).close()
    only = ("--only", "topology=alb", "--backend", "docker")
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "run_page.py"), "--matrix", "page-80", *only, "--out", str(tmp_path)],
        env=environment(**engine_of_this_machine()), capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = tmp_path.iterdir()
    results = json.loads((folder / "results.json").read_text())
    assert {(cell["client_protocol"], cell["good_responses"]) for cell in results["cells"]} == {
        ("http/1.1", 80),
        ("h2", 80),
    }
    told = results["run"]["environment"]
    assert told["tools"]["browser"].startswith("Chromium ")
    assert told["images"]["topolab-browser:trixie"]
    pages = json.loads((folder / "page.json").read_text())["cells"]
    assert {(page["client_protocol"], page["connections"], page["http2_switched_off"]) for page in pages} == {
        ("http/1.1", 6, True),
        ("h2", 1, False),
    }
    assert all((folder / page["screenshot"]).read_bytes().startswith(b"\x89PNG") for page in pages)
    with closing(docker.from_env()) as client:
        assert client.containers.list(all=True, filters={"label": f"topolab.run={folder.name}"}) == []
