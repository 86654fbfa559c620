"""Which Chromium is used, and what to install where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from topolab import distributions
from topolab.drivers.browser.descriptor import find_chromium, missing_browser
from topolab.drivers.registry import drivers, missing_tools, tool_versions


@pytest.fixture
def no_chromium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Chromium; returns the folder that is its PATH and its home."""
    for name in ("TOPOLAB_CHROMIUM", "PLAYWRIGHT_BROWSERS_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("PATH", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("topolab.drivers.browser.descriptor._APPLICATIONS", ())
    return tmp_path


def program(path: Path, script: str = "#!/bin/sh\necho Chromium 156.0.8078.79\n") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)
    return str(path)


def test_without_chromium_the_reason_has_the_line_that_installs_it(no_chromium: Path) -> None:  # noqa: ARG001
    assert missing_tools(drivers())["browser"] == (
        "Chromium is not installed; install it, for example with: sudo apt-get install chromium-headless-shell"
    )
    assert (find_chromium(), tool_versions(drivers(), {"browser"})) == (None, {"browser": None})


def test_a_named_chromium_precedes_the_systems_and_playwrights(
    no_chromium: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = no_chromium / ".cache" / "ms-playwright"
    program(downloads / "chromium_headless_shell-1180" / "chrome-linux" / "headless_shell")
    newer = program(downloads / "chromium_headless_shell-1200" / "chrome-linux" / "headless_shell")
    assert find_chromium() == newer
    shell = program(no_chromium / "chromium-headless-shell")
    assert find_chromium() == shell
    whole = program(no_chromium / "chromium")
    assert find_chromium() == whole
    own = program(no_chromium / "mine" / "spam", "#!/bin/sh\necho Google Chrome 1.2.3 for spam\n")
    monkeypatch.setenv("TOPOLAB_CHROMIUM", own)
    assert (find_chromium(), missing_browser()) == (own, "")
    assert tool_versions(drivers(), {"browser"}) == {"browser": "Google Chrome 1.2.3 for spam"}


def test_a_missing_named_chromium_is_not_replaced_by_another(
    no_chromium: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(no_chromium / "chromium")
    monkeypatch.setenv("TOPOLAB_CHROMIUM", "/no/such/spam")
    assert missing_browser() == (
        "TOPOLAB_CHROMIUM=/no/such/spam: no such program; unset the variable, or name a Chromium"
    )


def test_without_playwright_its_package_is_named(no_chromium: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(no_chromium / "chromium")
    monkeypatch.setattr("topolab.drivers.browser.descriptor.missing", lambda names: names)
    line = distributions.install_line(["playwright"])
    assert missing_browser() == f"a browser's load needs playwright, not installed here: {line}"
