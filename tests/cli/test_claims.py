"""Whole runs of scripts/run_page.py: its pictures and figures, and the advice without Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.command import ROOT, environment, processes_naming
from support.needs import skip_or_fail
from topolab.drivers.browser.descriptor import missing_browser

SCRIPT = [sys.executable, str(ROOT / "scripts" / "run_page.py")]


def run_page(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SCRIPT, *arguments], env=environment(**extra), capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """A catalogue whose pages wait 0.2 s instead of 3 s."""
    root = catalogue_root(tmp_path / "catalogue", {})
    (root / "loadtest").unlink()
    shutil.copytree(ROOT / "loadtest", root / "loadtest")
    for name in ("page-24-browser", "page-24"):
        file = root / "loadtest" / "profiles" / f"{name}.toml"
        file.write_text(file.read_text().replace("delay=3", "delay=0.2"))
    return root


@pytest.fixture
def chromium() -> None:
    if reason := missing_browser():
        skip_or_fail(reason)


@pytest.mark.usefixtures("chromium")
def test_the_page_is_visited_drawn_and_reported(short: Path, tmp_path: Path) -> None:
    only = [word for glob in ("direct", "nlb-tls-http1only") for word in ("--only", f"topology={glob}")]
    (tmp_path / "tmp").mkdir()
    out = tmp_path / "out"
    done = run_page(*only, "--out", str(out), TOPOLAB_CATALOGUE=str(short), TMPDIR=str(tmp_path / "tmp"))
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = out.iterdir()
    assert done.stderr.splitlines()[-2:] == [
        f"written: {folder}/report.md, results.csv, results.json, waterfall.png, waterfall.svg, page.json",
        f"screenshots: {folder}/raw/*/*/*/*/*/*/page.png",
    ]
    assert len(list(folder.glob("raw/*/*/*/*/*/*/page.png"))) == 3
    assert "seconds until the page's last response" in done.stdout
    cells = {cell["id"].split("/", 2)[2]: cell for cell in json.loads((folder / "page.json").read_text())["cells"]}
    seen = {name: (cell["protocols"], cell["connections"], cell["http2_switched_off"]) for name, cell in cells.items()}
    assert seen == {
        "direct/h1/page-24-browser": (["http/1.1"], 6, True),
        "direct/h2/page-24-browser": (["h2"], 1, False),
        "nlb-tls-http1only/h1/page-24-browser": (["http/1.1"], 6, False),
    }
    for cell in cells.values():
        assert (folder / cell["screenshot"]).read_bytes().startswith(b"\x89PNG")
        assert (folder / cell["visit"]).is_file()
        assert len(cell["requests"]) == 24
    environment_told = json.loads((folder / "results.json").read_text())["run"]["environment"]
    assert environment_told["tools"]["browser"].partition(" ")[0] in ("Chromium", "Google", "HeadlessChrome")
    assert environment_told["packages"]["playwright"]
    assert (processes_naming(str(tmp_path)), list((tmp_path / "tmp").iterdir())) == ([], [])


def test_without_a_chromium_the_cells_are_skipped_with_the_line_that_installs_one(tmp_path: Path) -> None:
    done = run_page("--dry-run", "--backend", "local", PATH=str(tmp_path), HOME=str(tmp_path))
    assert done.returncode == 3
    assert done.stderr == (
        "topolab: nothing selected: every cell is skipped: Chromium is not installed; install it, for example with: "
        "sudo apt-get install chromium-headless-shell\n"
    )


@pytest.mark.usefixtures("chromium")
def test_it_plans_the_talks_page_by_default() -> None:
    done = run_page("--dry-run", "--backend", "local")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nlb-tls-http1only/h1/page-24-browser  client -http/1.1 tls-> proxy" in done.stdout
    assert "8 cells x 1 round:" in done.stdout


def test_the_help_says_what_the_command_is_for() -> None:
    told = run_page("--help").stdout
    assert told.startswith("usage: run_page.py ")
    assert "(default: page-browser)" in " ".join(told.split())
