"""The documents' commands work, and their links have targets."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from support.command import ROOT, engine_of_this_machine, plan_matrix
from support.engines import site_here
from support.needs import skip_or_fail
from topolab.catalogue import Catalogue
from topolab.cli.exit_codes import ExitCode
from topolab.drivers.registry import drivers, missing_tools

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
COMMAND = re.compile(r"python3 scripts/run_matrix\.py([^`#\n]*)")


def commands() -> list[str]:
    """Every command line in the documents, except those that need an existing run, server or driver."""
    found = {match[1].strip() for path in DOCUMENTS for match in COMMAND.finditer(path.read_text())}
    needing = ("--resume", "plain-uvicorn", "plain-ceiling")
    return sorted(text for text in found if not any(word in text for word in needing))


@pytest.mark.parametrize("arguments", commands())
def test_a_documented_command_can_be_planned(arguments: str, catalogue: Catalogue) -> None:
    engine, words = {}, shlex.split(arguments)
    if "--backend" not in words:
        words += ["--backend", "local"]
    if "--backend docker" in arguments:
        site_here(catalogue).close()
        engine = engine_of_this_machine()
    done = plan_matrix(*words, *([] if "--list" in arguments else ["--dry-run"]), **engine)
    missing = [reason for reason in missing_tools(drivers()).values() if reason in done.stderr]
    if done.returncode == ExitCode.NOTHING_SELECTED and missing:
        skip_or_fail(missing[0])  # the command is about a tool that this machine does not have
    assert (done.returncode, done.stderr) == (0, "")


def test_there_are_documented_commands_to_check() -> None:
    assert "" in commands()
    assert len(commands()) > 5


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_have_targets(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_usage_page_lists_every_option_and_exit_code_of_the_command() -> None:
    told = plan_matrix("--help").stdout
    usage = (ROOT / "docs" / "usage.md").read_text()
    options = set(re.findall(r"--[a-z-]+", told)) - {"--help"}
    assert sorted(option for option in options if option not in usage) == []
    for code in ("0 all measured", "1 some cell failed", "2 bad input", "3 nothing selected", "130 interrupted"):
        assert code in told
        assert code in usage
