"""The command that continues a run is printed so that a user can paste it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from topolab.cli.resume_command import resume_command

RUN = Path("results/20261126-120000-smoke")


@pytest.mark.parametrize(
    ("called_as", "run", "context", "expected"),
    [
        ("scripts/run_matrix.py", RUN, None, f"python3 scripts/run_matrix.py --resume {RUN}"),
        ("../topolab/scripts/run_page.py", RUN, None, f"python3 ../topolab/scripts/run_page.py --resume {RUN}"),
        ("my lab/run_matrix.py", RUN, None, f"python3 'my lab/run_matrix.py' --resume {RUN}"),
        ("run_matrix.py", Path("/a b/$c"), None, "python3 run_matrix.py --resume '/a b/$c'"),
        ("run_matrix.py", Path("-x/run"), None, "python3 run_matrix.py --resume ./-x/run"),
        ("run_matrix.py", RUN, "my engine", f"python3 run_matrix.py --resume {RUN} '--context=my engine'"),
        ("/nowhere/bin/topolab", RUN, None, f"/nowhere/bin/topolab --resume {RUN}"),
        ("-c", RUN, None, f"topolab --resume {RUN}"),
    ],
)
def test_the_resume_command(
    monkeypatch: pytest.MonkeyPatch, called_as: str, run: Path, context: str | None, expected: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called_as])
    assert resume_command(run, context) == expected


def test_an_installed_command_is_printed_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "topolab"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert resume_command(RUN, None) == f"topolab --resume {RUN}"
