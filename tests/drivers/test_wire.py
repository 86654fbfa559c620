"""What a driver prints, and what it starts, does not reach the lines between harness and worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.catalogue_drivers import WORKER, Load
from topolab.model.outcome import Stage
from topolab.process.group import ProcessKeeper

IMPORTED = 'import os, subprocess, sys\nprint("printed in import")\n'
PRINTING = """
    print("printed in do")
    sys.stdout.write("written to sys.stdout\\n")
    sys.stdout.buffer.write(b"bytes for sys.stdout\\n")
    sys.stdout.buffer.flush()
    os.write(1, b"written to descriptor 1\\n")
    subprocess.run(["echo", "echoed by a child"], check=True)
"""
PRINTED = [
    *("printed in import", "printed in do", "written to sys.stdout", "bytes for sys.stdout"),
    *("written to descriptor 1", "echoed by a child"),
]
READING = """
    gate.keep("read", sys.stdin.read().encode() + subprocess.run(["cat"], capture_output=True, check=True).stdout)
"""
ENTERED = [pytest.param((), id="here"), pytest.param(("env", "SPAM=egg"), id="through another program")]


@pytest.fixture
def keeper() -> Iterator[ProcessKeeper]:
    with ProcessKeeper() as keeper:
        yield keeper


def do_with(code: str) -> str:
    """A worker that runs this before its load."""
    return IMPORTED + WORKER.replace("    gate.warm()", f"{code}\n    gate.warm()")


@pytest.mark.parametrize("enter", ENTERED)
def test_what_a_driver_prints_goes_to_its_log_and_the_load_is_measured(
    enter: tuple[str, ...], tmp_path: Path, keeper: ProcessKeeper
) -> None:
    load = Load(tmp_path, keeper, do_with(PRINTING))

    assert load.make(enter).good_responses == 1

    assert load.log.read_text().splitlines() == PRINTED


def test_what_a_driver_prints_is_in_the_log_of_a_failed_load(tmp_path: Path, keeper: ProcessKeeper) -> None:
    failure = Load(tmp_path, keeper, do_with(PRINTING + '    raise LoadError("no spam\\ntoday")')).failure()

    assert (failure.stage, failure.message) == (Stage.WARM_UP, "no spam today")
    assert failure.log.splitlines() == ["[load worker]", *PRINTED]


def test_a_driver_and_what_it_starts_find_an_empty_standard_input(tmp_path: Path, keeper: ProcessKeeper) -> None:
    load = Load(tmp_path, keeper, do_with(READING))
    for _ in range(2):
        assert load.make().good_responses == 1
    assert load.kept == {"read": b""}


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ('raise ValueError("no spam\\n  today")', "the load worker failed: ValueError: no spam today"),
        ("raise ValueError", "the load worker failed: ValueError"),
        ("sys.exit(7)", "the load worker failed: SystemExit: 7"),
    ],
    ids=["two lines", "no text", "exit"],
)
def test_an_error_in_do_is_one_line_and_its_traceback_is_the_log(
    statement: str, message: str, tmp_path: Path, keeper: ProcessKeeper
) -> None:
    worker = do_with(f"    {statement}")
    failure = Load(tmp_path, keeper, worker).failure()

    assert (failure.stage, failure.message) == (Stage.WARM_UP, message)
    heading, printed, first, *_ = failure.log.splitlines()
    line = worker.splitlines().index(f"    {statement}") + 1
    assert (heading, printed, first) == ("[load worker]", "printed in import", "Traceback (most recent call last):")
    assert f'drivers/spam/__main__.py", line {line}, in do\n    {statement}\n' in failure.log


def test_an_error_during_the_load_fails_the_load_and_has_only_its_own_log(
    tmp_path: Path, keeper: ProcessKeeper
) -> None:
    fails = IMPORTED + WORKER.replace("    gate.loaded()", '    raise KeyError(print("before the error"))')
    load = Load(tmp_path, keeper, fails)
    first, second = load.failure(), load.failure()

    assert {(failure.stage, failure.message) for failure in (first, second)} == {
        (Stage.LOAD, "the load worker failed: KeyError: None")
    }
    assert first.log.startswith("[load worker]\nprinted in import\nbefore the error\nTraceback")
    assert second.log == first.log.replace("printed in import\n", "")


def test_a_worker_that_cannot_be_imported_is_reported_with_its_traceback(tmp_path: Path, keeper: ProcessKeeper) -> None:
    failure = Load(tmp_path, keeper, f"{IMPORTED}import spam_of_nobody\n").failure()

    assert (failure.stage, failure.message) == (Stage.WARM_UP, "the load worker ended by itself")
    assert failure.log.startswith("[load worker]\nprinted in import\nTraceback")
    assert failure.log.endswith("ModuleNotFoundError: No module named 'spam_of_nobody'")


def test_a_drivers_own_modules_are_imported_from_its_folder(tmp_path: Path, keeper: ProcessKeeper) -> None:
    load = Load(tmp_path, keeper, f"import own_module_of_spam\n{WORKER}")
    (tmp_path / "drivers" / "spam" / "own_module_of_spam.py").write_text("")
    assert load.make().good_responses == 1
