"""Whether this machine's h2load can be used, and if not, why and what to install."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from topolab.drivers.h2load.descriptor import h2load_version, missing_h2load
from topolab.drivers.registry import drivers, missing_tools, tool_versions

Script = Callable[[str], Path]


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    missing_h2load.cache_clear()
    yield
    missing_h2load.cache_clear()


@pytest.fixture
def h2load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Put an `h2load` on an otherwise empty PATH."""
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
def test_the_version_is_read_from_the_output(told: str, version: tuple[int, ...] | None) -> None:
    assert h2load_version(told) == version


@pytest.mark.parametrize("version", ["1.60.0", "1.64.0", "1.100.0", "2.0.0"])
def test_a_recent_h2load_can_be_used(h2load: Script, version: str) -> None:
    h2load(f"#!/bin/sh\necho h2load nghttp2/{version}\n")
    assert (missing_h2load(), "h2load" in missing_tools(drivers())) == ("", False)


@pytest.mark.parametrize("version", ["1.52.0", "1.59.0", "1.9.0"])
def test_an_h2load_that_counts_good_replies_as_failed_is_refused(h2load: Script, version: str) -> None:
    path = h2load(f"#!/bin/sh\necho h2load nghttp2/{version}\n")
    assert missing_tools(drivers())["h2load"] == (
        f"{path} is {version}: before 1.60 it counts replies with an empty reason phrase, which some servers send, "
        "as failed; put a later one on PATH, or use --backend docker"
    )


def test_without_h2load_its_package_is_named(h2load: Script) -> None:  # noqa: ARG001 - PATH is empty
    assert missing_tools(drivers())["h2load"] == (
        "h2load is not on PATH: install 1.60 or later (package nghttp2-client or nghttp2), or use --backend docker"
    )


def test_an_h2load_that_cannot_be_run_is_reported(h2load: Script) -> None:
    path = h2load("#!/no/such/interpreter\n")
    assert missing_h2load().startswith(f"{path} does not run: ")


def test_an_h2load_without_its_libraries_is_reported_with_its_own_message(h2load: Script) -> None:
    path = h2load("#!/bin/sh\necho error while loading shared libraries: libev.so.4 >&2; exit 127\n")
    assert missing_h2load() == (
        f"{path} is not h2load: `{path} --version` prints 'error while loading shared libraries: libev.so.4'"
    )


def test_another_program_named_h2load_is_refused(h2load: Script) -> None:
    path = h2load("#!/bin/sh\nprintf 'spam \\377\\n'\n")
    assert missing_h2load() == f"{path} is not h2load: `{path} --version` prints 'spam \ufffd'"


def test_an_h2load_that_hangs_is_reported(h2load: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topolab.drivers.descriptor._TIMEOUT_S", 0.2)
    path = h2load("#!/bin/sh\nexec /bin/sleep 600\n")
    assert missing_h2load().startswith(f"{path} does not run: ")


def test_the_version_of_each_tool_in_use_is_returned(h2load: Script) -> None:
    h2load("#!/bin/sh\necho h2load nghttp2/1.64.0\n")
    assert tool_versions(drivers(), {"curl", "h2load"}) == {"h2load": "h2load nghttp2/1.64.0"}
    assert tool_versions(drivers(), {"curl"}) == {}


def test_the_version_of_a_missing_tool_is_none(h2load: Script) -> None:  # noqa: ARG001 - PATH is empty
    assert tool_versions(drivers(), {"h2load"}) == {"h2load": None}
