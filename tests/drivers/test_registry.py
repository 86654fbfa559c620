"""Drivers are found by their folders, and reading descriptors imports no load tool."""

from __future__ import annotations

import subprocess
import sys

from topolab.drivers.registry import drivers


def test_every_driver_has_a_descriptor_in_the_folder_of_its_name() -> None:
    assert {name: driver.name for name, driver in drivers().items()} == {
        name: name for name in ("browser", "curl", "h2load", "locust", "sockets")
    }


def test_every_kind_of_load_is_made_by_a_driver() -> None:
    assert {kind for driver in drivers().values() for kind in driver.kinds} == {
        *("closed", "count", "mixed", "open", "page", "users"),
    }


def test_reading_the_descriptors_imports_no_load_tool() -> None:
    script = "import sys; from topolab.drivers.registry import drivers; drivers(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"pycurl", "playwright", "locust", "gevent", "hdrh"} & set(done.stdout.split()) == set()
