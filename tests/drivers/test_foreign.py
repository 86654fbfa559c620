"""A descriptor's code may raise, exit or print: that is one line, and never on standard output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.catalogue_drivers import DESCRIPTOR, made_driver, write_driver
from support.catalogues import catalogue_root
from support.command import run_matrix
from support.driver_stage import closed
from support.matrices import matrix_file
from topolab.drivers.descriptor import Descriptor
from topolab.drivers.registry import longest_s, missing_tools, tool_versions, unfit
from topolab.errors import InputError
from topolab.model.profile import Lanes

PROFILE = closed(Lanes(1), driver="spam")
ASK: dict[str, Callable[[Descriptor], object]] = {
    "missing": lambda driver: missing_tools({"spam": driver}),
    "version": lambda driver: tool_versions({"spam": driver}, ["spam"]),
    "check": lambda driver: unfit(driver, PROFILE),
    "longest_s": lambda driver: longest_s(driver, PROFILE),
}
ARGUMENT = {"missing": "missing", "version": 'image_version=("spam",), local_version', "check": "check"}
PRINTS = """
import os, subprocess
print("printed in import")


def missing():
    print("printed in missing")
    os.write(1, b"written to descriptor 1\\n")
    subprocess.run(["echo", "echoed by a child"], check=True)
    return ""
"""


def with_callable(question: str, statement: str) -> str:
    """A descriptor whose answer to that question is a function of one statement, on line 4."""
    return (
        "from topolab.drivers.descriptor import Descriptor\nimport sys\ndef spoiled(*arguments):\n"
        f'    {statement}\nDRIVER = Descriptor("spam", frozenset({{"closed"}}), '
        f"{ARGUMENT.get(question, question)}=spoiled)\n"
    )


@pytest.mark.parametrize("question", ASK)
@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ('raise ValueError("no\\nspam")', "ValueError: no spam"),
        ("raise LookupError", "LookupError"),
        ("sys.exit(7)", "SystemExit: 7"),
    ],
    ids=["raises", "without a text", "exits"],
)
def test_a_callable_that_raises_is_bad_input_with_the_drivers_name_and_the_place(
    question: str, statement: str, error: str, tmp_path: Path
) -> None:
    driver = made_driver(tmp_path, with_callable(question, statement))
    with pytest.raises(InputError) as refused:
        ASK[question](driver)
    assert str(refused.value) == f"driver spam: {question} failed: {error}, in drivers/spam/descriptor.py:4"


@pytest.mark.parametrize(
    ("question", "answer", "error"),
    [
        ("missing", "True", "TypeError: it must return a text, which is empty if nothing is missing, not True"),
        ("check", '("path",)', "ValueError: not enough values to unpack (expected 2, got 1)"),
        ("longest_s", '"a while"', "ValueError: could not convert string to float: 'a while'"),
        ("version", "(1, 2)", "TypeError: expected str, bytes or os.PathLike object, not int"),
    ],
)
def test_an_impossible_answer_is_bad_input_too(question: str, answer: str, error: str, tmp_path: Path) -> None:
    driver = made_driver(tmp_path, with_callable(question, f"return {answer}"))
    with pytest.raises(InputError) as refused:
        ASK[question](driver)
    assert str(refused.value) == f"driver spam: {question} failed: {error}, in drivers/spam/descriptor.py"


def test_an_interrupt_in_a_callable_is_an_interrupt(tmp_path: Path) -> None:
    driver = made_driver(tmp_path, with_callable("missing", "raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        missing_tools({"spam": driver})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = catalogue_root(tmp_path / "catalogue", {}, copied=("servers", "loadtest"))
    profile = (root / "loadtest" / "profiles" / "ceiling.toml").read_text()
    mine = profile.replace('"ceiling"', '"spammed"').replace('driver = "curl"', 'driver = "spam"')
    assert 'driver = "spam"' in mine
    (root / "loadtest" / "profiles" / "spammed.toml").write_text(mine)
    return root


@pytest.mark.parametrize("question", ["missing", "check", "longest_s"])
def test_a_command_with_such_a_driver_ends_with_one_line_and_the_exit_code_of_bad_input(
    question: str, root: Path
) -> None:
    write_driver(root, with_callable(question, 'raise ValueError("no spam")'))
    done = run_matrix("--matrix", "smoke", "--dry-run", "--backend", "local", TOPOLAB_CATALOGUE=str(root))
    catalogue = "" if question == "missing" else f"{root}: "  # the others are asked while the catalogue is read
    line = f"topolab: {catalogue}driver spam: {question} failed: ValueError: no spam, in drivers/spam/descriptor.py:4\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


def test_what_a_descriptor_prints_is_not_in_the_json(root: Path, tmp_path: Path) -> None:
    write_driver(root, PRINTS + DESCRIPTOR.replace("}))", "}), missing=missing)"))
    matrix, out = matrix_file(tmp_path / "one.toml"), str(tmp_path / "out")
    arguments = ("--matrix", matrix, "--backend", "local", "--json", "--quiet", "--out", out)
    done = run_matrix(*arguments, TOPOLAB_CATALOGUE=str(root))
    assert done.returncode == 0, done.stderr
    assert [cell["status"] for cell in json.loads(done.stdout)["cells"]] == ["measured"]
    printed = ("printed in import", "printed in missing", "written to descriptor 1", "echoed by a child")
    assert set(printed) <= set(done.stderr.splitlines())
