"""The harness and the apps mean the same by the contract; `tests/contract` asks every app for the paths."""

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


@pytest.mark.parametrize(
    ("status", "origin_version", "body_matches", "fault"),
    [
        (200, "1.1", True, ""),
        ("200", "2", True, ""),
        (200, "1.1", False, "body differs"),
        (200, "", False, "no origin version"),
        (200, None, True, "no origin version"),
        ("502", "", False, "status 502"),
        (contract.HANDED_OVER, "1.1", True, "status 202"),
    ],
)
def test_a_wrong_answer_has_one_fault_the_status_first(
    status: int | str, origin_version: str | None, body_matches: bool, fault: str
) -> None:
    assert contract.fault(status, origin_version, body_matches=body_matches) == fault


def test_a_missing_version_may_be_named_in_other_words() -> None:
    assert contract.fault(200, "", body_matches=True, unversioned="no header") == "no header"
