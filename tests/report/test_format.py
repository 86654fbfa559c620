"""The formatting of numbers, times and hops, by examples."""

from __future__ import annotations

import pytest

from topolab.model.outcome import SeenHop
from topolab.report.format import change, duration, hops, mebibytes, percent, significant, span, with_spread
from topolab.stats.estimate import Estimate


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1.00"),
        (1.005, "1.00"),
        (12.345, "12.3"),
        (123.45, "123"),
        (1234.5, "1,234"),
        (9994, "9,994"),
        (9999, "10.0k"),
        (10_000, "10.0k"),
        (12_345, "12.3k"),
        (123_456, "123k"),
        (0.012345, "0.0123"),
        (-12.5, "-12.5"),
        (1e-9, "0.00000000100"),
    ],
)
def test_numbers_have_three_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text


def test_the_number_of_significant_digits_can_be_chosen() -> None:
    assert [significant(12.345, digits) for digits in (1, 2, 4)] == ["12", "12", "12.35"]


@pytest.mark.parametrize(("value", "text"), [(9.999, "10.0"), (99.96, "100"), (9999.6, "10.0k")])
def test_rounding_up_adds_no_digit(value: float, text: str) -> None:
    assert significant(value) == text


def test_millions_have_their_own_suffix() -> None:
    assert "kk" not in significant(12_345_678)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(1000.0, 1000.0, 1000.0, (1000.0,)), "1,000"),
        (Estimate(1000.0, 950.0, 1020.0, (950.0, 1000.0, 1020.0)), "1,000 ±5.0%"),
        (Estimate(1000.0, 950.0, 1200.0, (950.0, 1000.0, 1200.0)), "1,000 ±20%"),
        (Estimate(2.0, 2.0, 2.0, (2.0, 2.0)), "2.00 ±0.0%"),
        (Estimate(0.0, 0.0, 1.0, (0.0, 1.0)), "0"),
    ],
)
def test_the_spread_is_the_distance_to_the_farther_end_of_the_interval(estimate: Estimate, text: str) -> None:
    assert with_spread(estimate) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0, "0.0%"), (0.001, "0.1%"), (0.05, "5.0%"), (0.1, "10%"), (0.125, "12%"), (1.0, "100%"), (12.0, "1200%")],
)
def test_per_cent(fraction: float, text: str) -> None:
    assert percent(fraction) == text


def test_a_small_fraction_is_not_written_as_zero() -> None:
    assert percent(0.0001) != percent(0.0)


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.72, "-28%"), (1.0, "+0%"), (1.004, "+0%"), (2.0, "+100%"), (0.0, "-100%"), (9.9, "+890%"), (2800.0, "x2,800")],
)
def test_a_ratio_is_written_as_a_change(ratio: float, text: str) -> None:
    assert change(ratio) == text


def test_no_change_has_one_spelling() -> None:
    assert change(0.998) == change(1.002)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.6, "1 s"),
        (119.4, "119 s"),
        (119.6, "2:00 min"),
        (605, "10:05 min"),
        (7199, "119:59 min"),
        (7200, "2:00 h"),
        (100_000, "27:46 h"),
    ],
)
def test_a_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_memory_is_written_in_mebibytes() -> None:
    assert [mebibytes(number) for number in (0, 50 * 2**20, 1.5 * 2**30)] == ["0 MiB", "50 MiB", "1536 MiB"]


@pytest.mark.parametrize(
    ("values", "text"),
    [([], "?"), ([None], "?"), ([4], "4"), ([4, 4], "4"), ([32, 4], "4–32"), ([None, 1200], "1,200"), ([0], "0")],
)
def test_a_span_of_counts(values: list[int | None], text: str) -> None:
    assert span(values) == text


def test_a_chain_of_hops() -> None:
    edge = SeenHop(source="client", target="proxy", protocol="h2", tls=True, connections=4)
    inner = SeenHop(source="proxy", target="server", protocol="http/1.1", tls=False, connections=None)
    assert hops([edge]) == "client -h2 tls x4-> proxy"
    assert hops([edge, inner]) == "client -h2 tls x4-> proxy -http/1.1 x?-> server"
    assert hops([]) == ""
