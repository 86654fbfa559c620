"""However a command ends, it ends with a line that a person can use, and with a code that means something."""

from __future__ import annotations

import pytest

from topolab.cli.entry import exit_code_of
from topolab.cli.exit_codes import ExitCode


def test_a_module_that_is_not_there_is_one_line_that_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise ModuleNotFoundError("No module named 'rich.table'")

    assert exit_code_of(command) == ExitCode.FAILED
    assert capsys.readouterr().err == (
        "topolab: the installation is damaged: No module named 'rich.table'; remove .venv, or install topolab again\n"
    )


@pytest.mark.parametrize("code", [0, 2, None])
def test_the_code_of_a_command_that_exits_by_itself_is_kept(code: int | None) -> None:
    def command() -> int:
        raise SystemExit(code)

    assert exit_code_of(command) == (code or 0)


def test_a_text_that_a_command_exits_with_is_left_to_python_to_print() -> None:
    def command() -> int:
        raise SystemExit("spam")

    with pytest.raises(SystemExit, match=r"^spam$"):
        exit_code_of(command)
