"""Missing distributions are named, with a command that can be pasted into a shell."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from topolab import distributions
from topolab.distributions import install_line, installed_version, missing, not_installed

DECLARED = [
    "rich>=14",
    "django>=5.2; extra == 'apps'",
    'celery[redis]>=5.6 ; extra == "apps"',
    "Playwright; extra == 'browser'",
]


@pytest.fixture
def as_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with topolab's metadata, which a checkout lacks."""
    monkeypatch.setattr(distributions, "requires", lambda _name: DECLARED)


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder on PATH that has this interpreter."""
    python = tmp_path / "with space" / "python3"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    monkeypatch.setenv("PATH", str(python.parent))
    monkeypatch.setattr(sys, "executable", str(python.with_name("python")))
    return python.parent


def test_installed_distributions_have_versions_and_others_are_missing() -> None:
    assert installed_version("rich") is not None
    assert installed_version("topolab-has-no-such-package") is None
    assert missing(("rich", "topolab-has-no-such-package")) == ("topolab-has-no-such-package",)


@pytest.mark.usefixtures("as_a_package", "on_path")
def test_a_missing_distribution_names_the_extra_that_installs_it() -> None:
    assert install_line(["django", "asgiref"]) == "python3 -m pip install 'topolab[apps]'"
    assert install_line(["playwright", "celery"]) == "python3 -m pip install 'topolab[apps,browser]'"
    assert install_line(["rich", "spam"]) == "python3 -m pip install rich spam"


@pytest.mark.usefixtures("on_path")
def test_in_a_checkout_the_distributions_are_named() -> None:
    assert install_line(["django", "asgiref"]) == "python3 -m pip install django asgiref"


def test_an_interpreter_that_is_not_on_path_is_named_in_full(on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert shlex.split(install_line(["spam"])) == [str(on_path / "python"), "-m", "pip", "install", "spam"]


@pytest.mark.usefixtures("on_path")
def test_the_reason_says_who_needs_what_and_what_to_do() -> None:
    assert not_installed("spam", ["a", "b"]) == "spam needs a, b, not installed here: python3 -m pip install a b"
    assert not_installed("spam", ["a"], "buy it") == "spam needs a, not installed here: buy it"
