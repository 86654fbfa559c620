"""Paired ratios, the noise floor and the verdict."""

from __future__ import annotations

from topolab.stats.compare import compare, noise_floor


def test_ratios_are_paired_by_round_so_a_slow_round_cancels_out() -> None:
    found = compare({1: 50.0, 2: 100.0, 3: 75.0}, {1: 100.0, 2: 200.0, 3: 150.0}, None)
    assert found is not None
    assert found.ratio.samples == (0.5, 0.5, 0.5)
    assert found.shown


def test_rounds_that_only_one_cell_has_are_left_out() -> None:
    found = compare({1: 50.0, 3: 75.0}, {1: 100.0, 2: 200.0}, None)
    assert found is not None
    assert found.ratio.samples == (0.5,)


def test_without_a_common_round_there_is_no_comparison() -> None:
    assert compare({1: 50.0}, {2: 100.0}, None) is None


def test_an_interval_around_one_shows_no_difference() -> None:
    found = compare({1: 90.0, 2: 120.0, 3: 115.0}, {1: 100.0, 2: 100.0, 3: 100.0}, None)
    assert found is not None
    assert not found.shown


def test_a_difference_below_the_noise_floor_is_not_shown() -> None:
    figures, baseline = {1: 104.0, 2: 105.0, 3: 106.0}, {1: 100.0, 2: 100.0, 3: 100.0}
    below, above = compare(figures, baseline, 0.08), compare(figures, baseline, 0.03)
    assert below is not None
    assert above is not None
    assert (below.shown, above.shown) == (False, True)


def test_the_noise_floor_is_the_greatest_distance_of_a_pairs_median_from_one() -> None:
    flat = {1: 100.0, 2: 100.0, 3: 100.0}
    pairs = [({1: 100.0, 2: 102.0, 3: 190.0}, flat), ({1: 90.0, 2: 90.0, 3: 200.0}, flat)]
    floor = noise_floor(pairs)
    assert floor is not None
    assert round(floor, 3) == 0.111  # 0.9 is as far from 1 as its inverse


def test_half_is_as_far_from_one_as_double() -> None:
    halves = [({1: 50.0, 2: 50.0}, {1: 100.0, 2: 100.0})]
    assert noise_floor(halves) == noise_floor([(second, first) for first, second in halves]) == 1.0
    for figures, baseline, shown in (
        ({1: 1.0, 2: 1.1}, {1: 999.0, 2: 990.0}, True),
        ({1: 6.0, 2: 6.1}, {1: 9.0, 2: 9.0}, False),
    ):
        there, back = compare(figures, baseline, 1.0), compare(baseline, figures, 1.0)
        assert there is not None
        assert back is not None
        assert (there.shown, back.shown) == (shown, shown)


def test_without_pairs_there_is_no_noise_floor() -> None:
    assert noise_floor([]) is None
    assert noise_floor([({}, {1: 100.0})]) is None
