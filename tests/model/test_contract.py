"""The harness and the apps agree on the contract."""

from __future__ import annotations

import sys

import pytest

from support.command import ROOT
from topolab.model import contract


def test_the_harness_and_the_apps_use_the_same_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "apps" / "common")
    monkeypatch.delitem(sys.modules, "origin_contract", raising=False)
    import origin_contract as apps

    assert (contract.VERSION_HEADER, contract.PEER_HEADER) == (apps.VERSION_HEADER, apps.PEER_HEADER)
