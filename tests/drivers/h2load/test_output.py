"""Parsing captured h2load outputs; outputs/README.txt has the commands."""

from __future__ import annotations

from array import array
from collections import Counter

import pytest

from support.h2load_outputs import OUTPUTS, rows_of, summary_of
from topolab.drivers.h2load.output import Rows, Summary, last_words, parse_rows, parse_summary
from topolab.drivers.worker import LoadError

COMPLETE = ("h1", "h2", "h1c", "h2c", "pipelined", "timed-h1", "timed-h2")


def rows(*triples: tuple[int, int, int]) -> Rows:
    """Rows from status, start in us, and duration in us."""
    return parse_rows("".join(f"{start}\t{status}\t{took}\n" for status, start, took in triples))


def summary(
    protocol: str,
    finished_s: float,
    rate: float,
    *,
    total: int,
    good: int = 0,
    not_found: int = 0,
    errored: int = 0,
    body_bytes: int = 0,
) -> Summary:
    return Summary(
        protocol=protocol,
        finished_s=pytest.approx(finished_s),
        requests_per_second=rate,
        total=total,
        succeeded=good,
        failed=not_found + errored,
        errored=errored,
        timed_out=0,
        statuses={"2xx": good, "3xx": 0, "4xx": not_found, "5xx": 0},
        body_bytes=body_bytes,
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("h1", summary("http/1.1", 0.0748, 1336.93, total=100, good=100, body_bytes=4000)),
        ("h1c", summary("http/1.1", 0.03148, 3176.52, total=100, good=100, body_bytes=4000)),
        ("h2", summary("h2", 0.05024, 1990.45, total=100, good=100, body_bytes=4000)),
        ("h2c", summary("h2", 0.03856, 2593.23, total=100, good=100, body_bytes=4000)),
        ("pipelined", summary("http/1.1", 0.04227, 2365.74, total=100, good=100, body_bytes=4000)),
        ("timed-h1", summary("http/1.1", 0.70299, 322.0, total=161, good=161, body_bytes=8720)),
        ("timed-h2", summary("h2", 0.50037, 2946.67, total=884, good=884, body_bytes=58640)),
        ("not-found", summary("h2", 0.02591, 771.96, total=20, not_found=20, body_bytes=1280)),
        ("server-died", summary("h2", 0.38634, 478.85, total=100_000, good=185, errored=99_815, body_bytes=7400)),
        ("timed-server-died", summary("http/1.1", 1.2, 60.0, total=60, good=60, body_bytes=4800)),
        ("retired", summary("h2", 0.00517, 19353.59, total=200, good=100, errored=100, body_bytes=400)),
        ("refused", summary("", 0.000536, 0.0, total=10, errored=10)),
        ("timed-refused", summary("", 0.50144, 0.0, total=0)),
        ("no-h2", summary("", 0.01331, 0.0, total=10, errored=10)),
    ],
)
def test_the_summary_is_read_whole(name: str, expected: Summary) -> None:
    assert summary_of(name) == expected


@pytest.mark.parametrize(("name", "last"), [("killed", "Application protocol: h2c"), ("truncated", "requests: 10")])
def test_an_output_without_its_summary_is_refused_with_its_last_line(name: str, last: str) -> None:
    with pytest.raises(LoadError) as raised:
        summary_of(name)
    assert str(raised.value) == f"h2load's output ends before its summary; its last line is {last!r}"


def test_an_empty_output_is_refused() -> None:
    with pytest.raises(LoadError, match=r"^h2load's output ends before its summary; it wrote nothing$"):
        parse_summary("\n \n")


@pytest.mark.parametrize(
    ("told", "seconds"), [("409us", 0.000409), ("35.12ms", 0.03512), ("5.21s", 5.21), ("61s", 61.0)]
)
def test_every_unit_of_time_is_converted_to_seconds(told: str, seconds: float) -> None:
    output = (OUTPUTS / "h2.txt").read_text().replace("finished in 50.24ms", f"finished in {told}")
    assert parse_summary(output).finished_s == pytest.approx(seconds)


def test_a_time_in_an_unknown_unit_is_refused() -> None:
    output = (OUTPUTS / "h2.txt").read_text().replace("finished in 50.24ms", "finished in 1h")
    with pytest.raises(LoadError, match="ends before its summary"):
        parse_summary(output)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("h2", {}),
        ("not-found", {"status 4xx": 20}),
        ("server-died", {"not answered": 99_815}),
        ("refused", {"not answered": 10}),
    ],
)
def test_bad_responses_are_counted_by_kind(name: str, bad: dict[str, int]) -> None:
    assert summary_of(name).bad == bad


def test_failures_without_a_kind_are_counted() -> None:
    seen = Summary(
        protocol="h2", finished_s=1.0, requests_per_second=80.0, total=100, succeeded=80, failed=20, errored=3,
        timed_out=2, statuses={"2xx": 78, "3xx": 2, "4xx": 4, "5xx": 5}, body_bytes=1,
    )  # fmt: skip
    assert seen.bad == {
        "not answered": 3, "timed out": 2, "status 3xx": 2, "status 4xx": 4, "status 5xx": 5, "failed": 4
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "statuses", "first", "took_us"),
    [
        ("h1", {200: 100}, (200, 1_795_575_003_912_137, 12_855), 609_028),
        ("h1c", {200: 100}, (200, 1_795_575_004_082_780, 9_278), 302_105),
        ("h2", {200: 100}, (200, 1_795_575_004_030_599, 7_266), 1_425_274),
        ("h2c", {200: 100}, (200, 1_795_575_004_147_856, 3_755), 1_501_038),
        ("pipelined", {200: 100}, (200, 1_795_575_004_223_822, 2_991), 1_220_060),
        ("timed-h1", {200: 161}, (200, 1_795_575_004_476_331, 11_681), 1_970_418),
        # The first one's status came before the main part began.
        ("timed-h2", {0: 1, 200: 883}, (0, 1_795_574_585_322_055, 1_322), 1_193_985),
        ("not-found", {404: 20}, (404, 1_795_575_005_008_450, 7_420), 74_502),
        ("server-died", {200: 185}, (200, 1_795_575_005_368_624, 11_953), 2_945_271),
        ("timed-server-died", {200: 60}, (200, 1_795_575_005_959_200, 13_134), 761_047),
        ("retired", {200: 100, -1: 2}, (200, 1_795_575_007_704_771, 308), 16_897),
        ("killed", {200: 174}, (200, 1_795_575_005_045_517, 31_286), 2_293_865),
        ("truncated", {200: 56}, (200, 1_795_575_004_030_599, 7_266), 724_975),
    ],
)
def test_the_log_is_read_whole(name: str, statuses: dict[int, int], first: tuple[int, int, int], took_us: int) -> None:
    seen = rows_of(name)
    assert Counter(seen.statuses) == statuses
    assert (seen.statuses[0], seen.ended_us[0] - seen.took_us[0], seen.took_us[0]) == first
    assert (sum(seen.took_us), len(seen.ended_us)) == (took_us, len(seen.statuses))


@pytest.mark.parametrize("name", ["refused", "timed-refused", "no-h2"])
def test_an_empty_log_has_no_rows(name: str) -> None:
    assert rows_of(name) == Rows(array("q"), array("q"), array("q"))


def test_rows_keep_their_order_and_a_truncated_one_is_left_out() -> None:
    seen = parse_rows("1000\t200\t50\n900\t404\t300\n1100\t-1\t7\n1050\t204\t200\n1200\t20")
    assert seen == Rows(
        array("q", [200, 404, -1, 204]), array("q", [1050, 1200, 1107, 1250]), array("q", [50, 300, 7, 200])
    )
    assert seen.good == Rows(array("q", [200, 204]), array("q", [1050, 1250]), array("q", [50, 200]))


@pytest.mark.parametrize("cut", ["1200", "1200\t", "1200\t200", "1200\t200\t", "1200\t200\t5"])
def test_a_row_truncated_anywhere_is_left_out(cut: str) -> None:
    assert parse_rows(cut) == parse_rows("")


@pytest.mark.parametrize("name", COMPLETE)
def test_log_and_summary_of_a_load_agree(name: str) -> None:
    assert rows_of(name).succeeded == summary_of(name).succeeded


@pytest.mark.parametrize("name", ["h1", "h2", "h1c", "h2c", "pipelined", "not-found", "server-died", "retired"])
def test_a_counted_loads_time_is_taken_from_its_more_precise_rate(name: str) -> None:
    answered = sum(1 for status in rows_of(name).statuses if status > 0)
    seen = summary_of(name)
    assert answered / seen.requests_per_second == pytest.approx(seen.finished_s, abs=0.000_01)


@pytest.mark.parametrize(
    ("name", "duration_s", "lost"), [("timed-h1", 0.5, 0), ("timed-h2", 0.3, 0), ("timed-server-died", 1.0, 4)]
)
def test_lanes_lost_with_a_server_are_found_though_the_summary_has_no_failure(
    name: str, duration_s: float, lost: int
) -> None:
    seen = summary_of(name)
    assert (seen.failed, rows_of(name).lanes_lost(4, duration_s)) == (0, lost)


def lane(number: int, until_us: int, took_us: int = 10_000) -> list[tuple[int, int, int]]:
    """Requests one after the other on one lane."""
    return [(200, start, took_us) for start in range(number, until_us - took_us, took_us + 5)]


def test_each_lane_that_ends_early_is_counted() -> None:
    whole, cut = lane(0, 1_000_000), lane(7, 400_000)
    assert rows(*whole, *lane(3, 1_000_000)).lanes_lost(2, 1.0) == 0
    assert rows(*whole, *cut).lanes_lost(2, 1.0) == 1
    assert rows(*cut, *lane(3, 400_000)).lanes_lost(2, 1.0) == 2


def test_bad_answers_keep_a_lane_alive() -> None:
    refused = [(503, start, took) for _, start, took in lane(7, 1_000_000)]
    assert rows(*lane(0, 1_000_000), *refused).lanes_lost(2, 1.0) == 0


def test_lanes_that_end_in_the_last_fifth_of_a_second_are_not_lost() -> None:
    assert rows(*lane(0, 1_000_000), *lane(7, 900_000)).lanes_lost(2, 1.0) == 0


def test_lanes_that_end_in_the_last_tenth_of_a_long_load_are_not_lost() -> None:
    whole = lane(0, 10_000_000)
    assert rows(*whole, *lane(7, 9_500_000)).lanes_lost(2, 10.0) == 0
    assert rows(*whole, *lane(7, 8_500_000)).lanes_lost(2, 10.0) == 1


def test_no_lane_is_lost_in_a_load_shorter_than_a_few_requests() -> None:
    assert rows((200, 0, 300_000)).lanes_lost(2, 1.0) == 0
    assert rows().lanes_lost(2, 1.0) == 0


def test_the_last_line_is_not_empty_and_is_shortened() -> None:
    assert last_words("spam\n eggs \n\n") == "its last line is 'eggs'"
    assert last_words("x" * 1000) == f"its last line is {'x' * 200!r}"
