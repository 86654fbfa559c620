"""results.json always has the same keys, with null for unknown values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.made_report import ALB, CELLS, DIRECT, FAILED, FAILED_ONCE, NOT_REACHED, SKIPPED
from support.made_run import FAILURE
from topolab.report import Report
from topolab.report.as_json import to_json

FIGURES = [
    "requests_per_second",
    "page_seconds",
    "finish_seconds",
    "p50_ms",
    "p90_ms",
    "p99_ms",
    "slow_requests_per_second",
    "server_cpu_us_per_request",
    "proxy_cpu_us_per_request",
    "client_cpu_us_per_request",
    "server_memory_peak_bytes",
]
KEYS = [
    *("id", "server", "app", "interface", "topology", "client_protocol", "profile", "status", "reason"),
    *("hops", "downgraded", "rounds", *FIGURES, "good_responses", "bad_responses", "client_limited", "steady"),
    "warnings",
]


@pytest.fixture(scope="module")
def document(report: Report) -> dict[str, Any]:
    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is not JSON")

    found: dict[str, Any] = json.loads(to_json(report), parse_constant=refuse)
    return found


@pytest.fixture(scope="module")
def cells(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {cell["id"]: cell for cell in document["cells"]}


def same(value: float, count: int = 3) -> dict[str, Any]:
    return {"median": value, "low": value, "high": value, "samples": [value] * count}


def test_the_run_is_described(document: dict[str, Any]) -> None:
    assert list(document) == ["run", "cells"]
    assert document["run"] == {
        "id": "20261124-120000-mine",
        "started": "2026-11-24T12:00:00+00:00",
        "seed": 7,
        "rounds": 3,
        "backend": "local",
        "matrix": "mine",
        "environment": {
            "cpu": "a fast one",
            "cores": 2,
            "packages": {"x": "1.0"},
            "argv": ["topolab"],
            "nginx": None,
            "command_lines": {
                f"{server} {listener}": "python -m x --bind 127.0.0.1:1"
                for server in ("granian-asgi", "hypercorn-uvloop")
                for listener in ("cleartext", "tls")
            },
            "load_average": [[0.5, 1.5]],
        },
        "noise_floor": pytest.approx(1000 / 980 - 1),
    }


def test_every_cell_and_skip_is_listed_once_in_the_plans_order(document: dict[str, Any]) -> None:
    ids = [cell["id"] for cell in document["cells"]]
    assert ids == [*(cell.id for cell in CELLS), SKIPPED.combination.id]


def test_every_cell_has_exactly_the_keys_of_the_contract(cells: dict[str, dict[str, Any]]) -> None:
    with_log = {cell_id for cell_id, cell in cells.items() if list(cell) == [*KEYS, "log"]}
    without = {cell_id for cell_id, cell in cells.items() if list(cell) == KEYS}
    assert with_log | without == set(cells)
    assert with_log == {cell_id for cell_id, cell in cells.items() if cell["status"] == "failed"}


def test_a_measured_cell(cells: dict[str, dict[str, Any]]) -> None:
    assert cells[ALB.id] == {
        "id": "hypercorn-uvloop/bare-asgi/alb/h2/ceiling",
        "server": "hypercorn-uvloop",
        "app": "bare",
        "interface": "asgi",
        "topology": "alb",
        "client_protocol": "h2",
        "profile": "ceiling",
        "status": "measured",
        "reason": None,
        "hops": [
            {"from": "client", "to": "proxy", "protocol": "h2", "tls": True, "connections": 4},
            {"from": "proxy", "to": "server", "protocol": "http/1.1", "tls": False, "connections": 32},
        ],
        "downgraded": True,
        "rounds": 3,
        **dict.fromkeys(FIGURES),
        "requests_per_second": {"median": 500.0, "low": 490.0, "high": 510.0, "samples": [500.0, 510.0, 490.0]},
        "server_cpu_us_per_request": same(900.0),
        "proxy_cpu_us_per_request": same(200.0),
        "client_cpu_us_per_request": same(500.0),
        "server_memory_peak_bytes": same(50 * 2**20),
        "good_responses": 3000,
        "bad_responses": {"timeout": 3},
        "client_limited": False,
        "steady": True,
        "warnings": [
            "bad responses: the rate excludes them; bad_responses in results.json lists their kinds",
        ],
    }


def test_a_failed_cell_has_no_figure(cells: dict[str, dict[str, Any]]) -> None:
    found = cells[FAILED.id]
    assert (found["status"], found["reason"], found["log"]) == ("failed", "ready: no answer within 10 s", FAILURE.log)
    assert {name: found[name] for name in [*FIGURES, "downgraded", "client_limited", "steady"]} == dict.fromkeys(
        [*FIGURES, "downgraded", "client_limited", "steady"]
    )
    assert (found["hops"], found["warnings"], found["rounds"]) == ([], [], 0)


def test_a_cell_that_failed_once_keeps_its_measurements(cells: dict[str, dict[str, Any]]) -> None:
    found = cells[FAILED_ONCE.id]
    assert (found["status"], found["rounds"]) == ("failed", 2)
    assert found["reason"] == "round 2 of 3: load: no good response: 32 status 502"
    assert found["requests_per_second"] == same(1000.0, 2)
    assert found["hops"][1]["connections"] is None


def test_skips_and_cells_not_reached_have_a_reason(cells: dict[str, dict[str, Any]]) -> None:
    skipped, not_reached = cells[SKIPPED.combination.id], cells[NOT_REACHED.id]
    assert (skipped["status"], skipped["reason"]) == ("skipped", SKIPPED.reason)
    assert not_reached["status"] == "skipped"
    assert not_reached["reason"] == "not reached: the run was interrupted before its first round"


def test_a_copy_has_figures_like_any_other_cell(cells: dict[str, dict[str, Any]]) -> None:
    assert cells[f"{DIRECT.id}+1"]["requests_per_second"]["samples"] == [980.0, 980.0, 1000.0]


def test_a_cell_that_was_not_measured_has_no_count_of_responses(cells: dict[str, dict[str, Any]]) -> None:
    """FAILED_PAGE, for example, has no `bad_responses: {}`: there were 32 bad gateways."""
    unmeasured = [cell for cell in cells.values() if not cell["rounds"]]
    assert [cell["good_responses"] for cell in unmeasured] == [None] * len(unmeasured)


def test_the_document_ends_in_a_newline(report: Report) -> None:
    assert to_json(report).endswith("}\n")
