"""Finding a proxy's program by variable, package and PATH, and checking what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from topolab.launch.binaries import BinaryError, Build, find_binary, inspect_binary, lacking
from topolab.launch.proxies import ends_tls
from topolab.launch.root import own_root
from topolab.launch.tables import LaunchError

DECLARED = {
    "name": "relay",
    "binary": {"variable": "MY_RELAY", "program": "relay"},
    "version": {"argv": ["-V"], "pattern": r"relay (\d+\.\d+)", "modules": r"--with-(\w+)"},
}


def program(folder: Path, name: str, says: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    path.chmod(0o755)
    return path


def test_the_variable_precedes_path(tmp_path: Path) -> None:
    program(tmp_path, "relay", "relay 1.2")
    assert find_binary("f", DECLARED, {"PATH": str(tmp_path), "MY_RELAY": "/mine"}) == "/mine"
    assert find_binary("f", DECLARED, {"PATH": str(tmp_path)}) == "relay"
    with pytest.raises(LaunchError) as raised:
        find_binary("f", DECLARED, {"PATH": "/nowhere"})
    assert str(raised.value) == "f: binary: not found; expected the variable MY_RELAY, relay on PATH"


def test_a_package_precedes_path() -> None:
    in_package = {"binary": {"package": "pytest", "package_file": "pytest/__init__.py", "program": "sh"}}
    assert find_binary("f", in_package, {"PATH": "/bin"}).endswith("/pytest/__init__.py")


def test_a_programs_version_and_modules_are_read(tmp_path: Path) -> None:
    path = str(program(tmp_path, "relay", "relay 1.2 --with-tls --with-tcp"))
    build = inspect_binary(DECLARED, path)
    assert build == Build(path, "1.2", frozenset({"tls", "tcp"}))
    assert lacking("relayed", "1.10", (), "relay", build) == f"relayed needs relay 1.10 or later; {path} is 1.2"
    assert lacking("relayed", "1.2", ("tls", "udp"), "relay", build) == (
        f"relayed needs relay built with udp; {path} is not"
    )
    assert lacking("relayed", "1.1", ("tls",), "relay", build) == ""


@pytest.mark.parametrize("says", ["nothing of the kind", ""])
def test_another_program_is_refused(tmp_path: Path, says: str) -> None:
    path = str(program(tmp_path, "relay", says))
    with pytest.raises(BinaryError) as raised:
        inspect_binary(DECLARED, path)
    assert str(raised.value) == f"MY_RELAY={path}: `{path} -V` prints no version of relay"


def test_only_proxies_whose_template_has_a_key_end_tls() -> None:
    topologies = ("alb", "alb-http2", "nlb-tcp", "nlb-tls-none")
    assert [ends_tls(own_root(), name) for name in topologies] == [True, True, False, True]
