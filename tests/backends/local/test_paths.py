"""Stacks run with any characters in the paths of the temporary folder and the checkout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from support.cells import cell_of
from topolab.backends.local.site import LocalSite
from topolab.catalogue import default_root, load_catalogue
from topolab.model.protocol import ClientProtocol
from topolab.process.group import ProcessKeeper

NAMES = ["with a space", "a;b", "a$b", "it's", "a{b}c", "a#b", 'say "spam"', "a[b]c*", "täglich"]


@pytest.mark.parametrize("name", NAMES)
def test_a_proxy_that_ends_tls_works_in_any_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / name
    root, temporary = place / "checkout", place / "tmp"
    for folder in ("servers", "apps", "nginx", "loadtest"):
        shutil.copytree(default_root() / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    catalogue = load_catalogue(root)
    seen = {}
    with ProcessKeeper() as keeper, LocalSite(catalogue).open("the-tests", keeper) as backend:
        for topology in ("alb", "alb-http2", "nlb-tls-http2preferred"):
            with backend.stack(cell_of(catalogue, topology, ClientProtocol.H2, "hypercorn-asyncio")) as stack:
                seen[topology] = json.loads(stack.fetch("/hop", 10.0).body)["http_version"]
    assert seen == {"alb": "1.1", "alb-http2": "2", "nlb-tls-http2preferred": "2"}
