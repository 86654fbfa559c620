"""Which load tools this machine has, and of those it lacks why, and what would mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from topolab.drivers.browser.descriptor import find_chromium, missing_browser
from topolab.drivers.h2load.descriptor import h2load_version, missing_h2load
from topolab.drivers.registry import drivers, missing_tools, tool_versions
from topolab.process import distributions

Script = Callable[[str], Path]


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    missing_h2load.cache_clear()
    yield
    missing_h2load.cache_clear()


@pytest.fixture
def h2load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Put an `h2load` on PATH, where nothing else is."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(script: str) -> Path:
        path = tmp_path / "h2load"
        path.write_text(script)
        path.chmod(0o755)
        return path

    return put


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("h2load nghttp2/1.64.0", (1, 64)),
        ("h2load nghttp2/1.52.0", (1, 52)),
        ("h2load nghttp2/1.70.0-DEV\n", (1, 70)),
        ("h2load nghttp2/2.0.1", (2, 0)),
        ("h2load", None),
        ("", None),
    ],
)
def test_the_version_is_in_what_it_prints(told: str, version: tuple[int, ...] | None) -> None:
    assert h2load_version(told) == version


@pytest.mark.parametrize("version", ["1.60.0", "1.64.0", "1.100.0", "2.0.0"])
def test_one_that_is_new_enough_can_be_used(h2load: Script, version: str) -> None:
    h2load(f"#!/bin/sh\necho h2load nghttp2/{version}\n")
    assert (missing_h2load(), "h2load" in missing_tools(drivers())) == ("", False)


@pytest.mark.parametrize("version", ["1.52.0", "1.59.0", "1.9.0"])
def test_one_that_counts_good_replies_as_failed_is_refused(h2load: Script, version: str) -> None:
    path = h2load(f"#!/bin/sh\necho h2load nghttp2/{version}\n")
    assert missing_tools(drivers())["h2load"] == (
        f"{path} is {version}: before 1.60 it counts replies with an empty reason phrase, which some servers send, "
        "as failed; put a later one on PATH, or use --backend docker"
    )


def test_where_there_is_none_the_package_is_named(h2load: Script) -> None:  # noqa: ARG001 - PATH is empty
    assert missing_tools(drivers())["h2load"] == (
        "h2load is not on PATH: install 1.60 or later (package nghttp2-client or nghttp2), or use --backend docker"
    )


def test_one_that_cannot_be_run_is_told_of(h2load: Script) -> None:
    path = h2load("#!/no/such/interpreter\n")
    assert missing_h2load().startswith(f"{path} does not run: ")


def test_one_whose_libraries_are_missing_is_told_of_in_its_own_words(h2load: Script) -> None:
    path = h2load("#!/bin/sh\necho error while loading shared libraries: libev.so.4 >&2; exit 127\n")
    assert missing_h2load() == (
        f"{path} is no h2load: `{path} --version` prints 'error while loading shared libraries: libev.so.4'"
    )


def test_another_program_of_that_name_is_no_h2load(h2load: Script) -> None:
    path = h2load("#!/bin/sh\nprintf 'spam \\377\\n'\n")
    assert missing_h2load() == f"{path} is no h2load: `{path} --version` prints 'spam \ufffd'"


def test_one_that_hangs_is_told_of(h2load: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topolab.drivers.descriptor._TIMEOUT_S", 0.2)
    path = h2load("#!/bin/sh\nexec /bin/sleep 600\n")
    assert missing_h2load().startswith(f"{path} does not run: ")


def test_the_version_of_each_tool_in_use_is_told(h2load: Script) -> None:
    h2load("#!/bin/sh\necho h2load nghttp2/1.64.0\n")
    assert tool_versions(drivers(), {"curl", "h2load"}) == {"h2load": "h2load nghttp2/1.64.0"}
    assert tool_versions(drivers(), {"curl"}) == {}


def test_the_version_of_a_tool_that_is_gone_is_none(h2load: Script) -> None:  # noqa: ARG001 - PATH is empty
    assert tool_versions(drivers(), {"h2load"}) == {"h2load": None}


@pytest.fixture
def no_chromium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a Chromium anywhere; the folder that is its PATH and its home."""
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


def test_without_a_chromium_the_line_that_installs_one_is_the_reason(no_chromium: Path) -> None:  # noqa: ARG001
    assert missing_tools(drivers())["browser"] == (
        "there is no Chromium: install Chromium, for example: sudo apt-get install chromium-headless-shell"
    )
    assert (find_chromium(), tool_versions(drivers(), {"browser"})) == (None, {"browser": None})


def test_the_chromium_that_is_named_goes_before_the_systems_and_that_before_playwrights(
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


def test_a_named_chromium_that_is_not_there_is_no_reason_to_take_another(
    no_chromium: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(no_chromium / "chromium")
    monkeypatch.setenv("TOPOLAB_CHROMIUM", "/no/such/spam")
    assert missing_browser() == (
        "TOPOLAB_CHROMIUM=/no/such/spam: no program is called that; unset it, or name a Chromium"
    )


def test_without_playwright_its_package_is_named(no_chromium: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(no_chromium / "chromium")
    monkeypatch.setattr("topolab.drivers.browser.descriptor.missing", lambda names: names)
    line = distributions.install_line(["playwright"])
    assert missing_browser() == f"a browser's load needs playwright, not installed here: {line}"


def test_without_locust_its_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "locust" not in missing_tools(drivers())
    monkeypatch.setattr("topolab.drivers.locust.descriptor.missing", lambda names: names)
    line = distributions.install_line(["locust", "websocket-client"])
    assert missing_tools(drivers())["locust"] == (
        f"the load of Locust's users needs locust, websocket-client, not installed here: {line}"
    )


def test_every_driver_has_a_descriptor_in_the_folder_of_its_name() -> None:
    assert {name: driver.name for name, driver in drivers().items()} == {
        name: name for name in ("browser", "curl", "h2load", "locust")
    }


def test_every_kind_of_load_is_made_by_a_driver() -> None:
    assert {kind for driver in drivers().values() for kind in driver.kinds} == {
        *("closed", "count", "mixed", "open", "page", "users"),
    }
