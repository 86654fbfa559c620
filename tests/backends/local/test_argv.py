"""The argv in results is the running process's, and the one that the launcher prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.cells import cell_of
from support.serving import ROOT, SERVE
from support.started import cmdline, every_listener
from topolab.backends.local import LocalBackend
from topolab.backends.local.site import LocalSite
from topolab.catalogue import Catalogue, default_root, load_catalogue
from topolab.model.cell import Cell
from topolab.model.protocol import ClientProtocol

CELLS = every_listener(load_catalogue(default_root()))
LOUD = """
name = "loud"
summary = "writes lines into its log that look like a launcher's"
command = ["{python}", "{folder}/loud.py", "{host}", "{port}", "--log-level", "debug"]

[[variants]]
name = "once"
summary = "as it is"
interfaces = ["wsgi"]
packages = ["uvicorn"]
listeners.cleartext.protocols = ["http/1.1"]
"""
LOUD_PROGRAM = """
import http.server, json, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

print('{"argv": "half a li', flush=True)
print(json.dumps({"argv": ["another", "program"]}), flush=True)
http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Answer).serve_forever()
"""


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.combination.server}-{cell.listener}")
def test_the_recorded_argv_is_what_runs_and_what_the_launcher_prints(
    cell: Cell, catalogue: Catalogue, backend: LocalBackend
) -> None:
    candidate = catalogue.candidates[cell.combination.server]
    if reason := LocalSite(catalogue).unavailable().get(candidate.name):
        pytest.skip(reason)
    with backend.stack(cell) as stack:
        recorded, running, port = stack.argv, cmdline(stack.server.pgid), stack.edge.port
    key = next((Path(word.partition("=")[2] or word) for word in running if word.endswith("key.pem")), Path("key.pem"))
    by_hand = subprocess.run(
        [
            *(sys.executable, "-I", str(SERVE), candidate.server.name, "--variant", candidate.variant.name),
            *("--app", "bare", "--interface", cell.combination.interface, "--listener", cell.listener),
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--cert", str(key.with_name("chain.pem")), "--key", str(key), "--print"),
        ],
        capture_output=True,
        check=True,
    )
    assert recorded == {"server": running}
    assert tuple(json.loads(by_hand.stdout)["argv"]) == running


def test_log_lines_that_look_like_a_launchers_are_ignored(tmp_path: Path, backend: LocalBackend) -> None:
    root = catalogue_root(tmp_path, {"loud": LOUD})
    (root / "servers" / "loud" / "loud.py").write_text(LOUD_PROGRAM)
    loud = load_catalogue(root)
    cell = cell_of(loud, "direct", ClientProtocol.H1C, "loud-once")
    with LocalSite(loud).open("the-tests", backend.keeper) as own, own.stack(cell) as stack:
        argv, log = stack.argv["server"], stack.log_tail()
    assert argv == (sys.executable, f"{root}/servers/loud/loud.py", *argv[2:4], "--log-level", "debug", argv[-1])
    assert '{"argv": "half a li\n{"argv": ["another", "program"]}\n' in f"{log}\n"


def test_the_launch_package_needs_nothing_installed() -> None:
    program = "import topolab.launch.serving, sys; print('site' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
