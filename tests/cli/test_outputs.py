"""Output that cannot be written: a closed reader, a full disk, a limited encoding."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command import ROOT, SCRIPT, environment
from support.stored_runs import finished_run

ASCII = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
Usual = Callable[[str], "subprocess.CompletedProcess[bytes]"]
COMMANDS = ["--list", "--dry-run", "--resume", "--help", "--json"]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return finished_run(tmp_path / "rün")


def command(option: str, run: Path) -> list[str]:
    arguments = ["--resume", str(run), "--json"] if option == "--json" else [option]
    more = {"--resume": [str(run)], "--dry-run": ["--backend", "local"]}
    return [*SCRIPT, *arguments, *more.get(option, [])]


def finish(argv: list[str], **extra: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(argv, env=environment(**extra), capture_output=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def same_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("same") / "rün")


@pytest.fixture(scope="module")
def usual(same_run: Path) -> Usual:
    """What a command prints where every character can be written."""
    return functools.cache(lambda option: finish(command(option, same_run)))


@pytest.mark.parametrize("option", COMMANDS)
def test_a_closed_reader_ends_the_command_quietly(option: str, run: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            command(option, run), env=environment(), stdout=closed, stderr=subprocess.PIPE, timeout=60, check=False
        )
    said = [line for line in done.stderr.decode().splitlines() if not line.startswith("written: ")]
    assert (done.returncode, said) == (141, [])


def test_report_files_are_written_even_if_the_tables_reader_is_gone(run: Path) -> None:
    test_a_closed_reader_ends_the_command_quietly("--resume", run)
    assert (run / "report.md").read_text().startswith("# ")


def test_a_closed_reader_of_both_outputs_ends_the_command_quietly(run: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            command("--resume", run), env=environment(), stdout=closed, stderr=closed, timeout=60, check=False
        )
    assert done.returncode == 141


@pytest.mark.parametrize("option", COMMANDS)
def test_a_full_disk_is_one_line_and_code_4(option: str, run: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*command(option, run)], env=environment(), stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    said = [line for line in done.stderr.decode().splitlines() if not line.startswith("written: ")]
    assert said == ["topolab: standard output cannot be written: No space left on device"]
    assert done.returncode == 4


def test_notices_that_cannot_be_written_are_ignored(run: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("--resume", run), env=environment(), stdout=subprocess.PIPE, stderr=full, timeout=60, check=False
        )
    assert done.returncode == 0
    assert b"hypercorn-uvloop" in done.stdout


@pytest.mark.parametrize("option", COMMANDS)
@pytest.mark.parametrize("extra", ASCII, ids=["PYTHONIOENCODING", "LC_ALL"])
def test_ascii_output_has_replacements_and_the_same_code(
    option: str, extra: dict[str, str], usual: Usual, same_run: Path
) -> None:
    usual_output, plain = usual(option), finish(command(option, same_run), **extra)
    assert (usual_output.returncode, plain.returncode) == (0, 0)
    assert len(plain.stdout.splitlines()) == len(usual_output.stdout.splitlines())
    assert b"Traceback" not in plain.stderr
    plain.stdout.decode("ascii")


def test_latin_1_output_keeps_its_own_characters(run: Path) -> None:
    done = finish(command("--resume", run), PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert "CPU per good response in µs" in done.stdout.decode("latin-1")


def test_json_on_ascii_output_is_the_same_document(usual: Usual, same_run: Path) -> None:
    plain = finish(command("--json", same_run), PYTHONIOENCODING="ascii")
    assert json.loads(plain.stdout) == json.loads(usual("--json").stdout)


def test_a_name_that_is_not_utf8_is_written_unchanged(tmp_path: Path) -> None:
    run = finished_run(tmp_path / os.fsdecode(b"r\xfcn"))
    done = finish(command("--resume", run))
    assert done.returncode == 0
    assert done.stderr.startswith(b"written: " + os.fsencode(run))


@pytest.mark.parametrize("script", ["run_page.py", "write_talk.py"])
def test_other_commands_treat_their_outputs_the_same_way(script: str) -> None:
    argv = [sys.executable, str(ROOT / "scripts" / script), "--help"]
    assert finish(argv, PYTHONIOENCODING="ascii").returncode == 0
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(argv, env=environment(), stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1)


def test_closed_outputs_are_not_a_failure(run: Path) -> None:
    argv = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command("--resume", run)]
    assert finish(argv).returncode == 0


def test_the_help_explains_the_exit_codes() -> None:
    text = finish([*SCRIPT, "--help"]).stdout.decode()
    assert "4 results or output not written" in text
    assert "141 the reader of the output" in text
    assert "at most 1,000" in " ".join(text.split())
