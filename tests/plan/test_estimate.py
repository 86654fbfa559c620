"""How long a round of a cell is expected to take, by the kind of its load."""

from __future__ import annotations

import pytest

from plan.planning import cell
from topolab.catalogue import Catalogue
from topolab.plan.estimate import STACK_S, expected_s


@pytest.mark.parametrize(
    ("profile", "protocol", "seconds"),
    [
        ("ceiling", "h2", 0.25 + 0.6),
        ("steady", "h2", 0.5 + 3.0),
        ("page-24", "h1", 4 * 3.0),
        ("page-24", "h2", 3.0),
        # Warm-up and load, each with the slow requests' 1 s of beginning before it and 1 s of ending after.
        ("mixed", "h2", 0.5 + 4.0 + 2 * (1.0 + 1.0)),
    ],
)
def test_a_round_takes_as_long_as_its_load_and_a_stack(
    catalogue: Catalogue, profile: str, protocol: str, seconds: float
) -> None:
    of = cell(catalogue, "hypercorn-asyncio", "direct", protocol)

    assert expected_s(of, catalogue.profiles[profile]) == pytest.approx(STACK_S + seconds)
