"""The types of numeric options, in every program of the project that has some."""

from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from support.command import ROOT
from topolab.launch.numbers import port_number, positive, positive_seconds, whole_number


def test_numbers_within_the_limits_are_taken() -> None:
    assert [positive("1"), positive("12"), port_number("65535"), whole_number(0)("0")] == [1, 12, 65_535, 0]
    assert positive_seconds("0.5") == 0.5


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "x", ""])
def test_seconds_that_are_no_length_of_time_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        positive_seconds(text)
    assert str(refused.value) == f"must be a number of seconds above 0, not {text!r}"


def test_a_long_number_is_not_shown_in_full() -> None:
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        port_number("9" * 5_000)
    assert str(refused.value) == f"must be a whole number from 1 to 65535, not '{'9' * 20}'..."


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("benchmarks/containers.py", ("--rounds", "0")),
        ("benchmarks/containers.py", ("--seconds", "-1")),
        ("benchmarks/curl_driver.py", ("--rounds", "0")),
        ("benchmarks/curl_driver.py", ("--client-core", "-1")),
        ("benchmarks/overhead.py", ("--repeat", "0")),
        ("benchmarks/locust_clients.py", ("--seconds", "nan")),
        ("compose/start_proxy.py", ("alb", "--prefix", "x", "--edge-port", "0")),
        ("compose/start_proxy.py", ("alb", "--prefix", "x", "--server-port", "http")),
    ],
)
def test_a_program_refuses_numbers_that_make_no_sense(script: str, arguments: tuple[str, ...]) -> None:
    argv = [sys.executable, str(ROOT / script), *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    option, value = arguments[-2:]
    assert (done.returncode, done.stdout) == (2, "")
    assert f" error: argument {option}: must be a " in done.stderr
    assert done.stderr.endswith(f", not {value!r}\n")
