"""Both backends agree on every cell's outcome, the hops' protocols, and downgrades."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.command import engine_of_this_machine, run_matrix
from support.engines import site_here
from support.runs import hops_of
from topolab.catalogue import Catalogue


def seen(backend: str, out: Path) -> dict[str, tuple[Any, ...]]:
    done = run_matrix(
        *("--matrix", "smoke", "--backend", backend, "--json", "--quiet", "--out", str(out)), **engine_of_this_machine()
    )
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["cells"]
    return {cell["id"]: (cell["status"], cell["downgraded"], hops_of(cell), cell["reason"]) for cell in cells}


def test_both_backends_see_the_same_hops(catalogue: Catalogue, tmp_path: Path) -> None:
    site_here(catalogue).close()
    local = seen("local", tmp_path / "local")
    assert seen("docker", tmp_path / "docker") == local
    assert {status for status, *_ in local.values()} >= {"measured"}
    assert {downgraded for _, downgraded, *_ in local.values()} >= {True, False}
