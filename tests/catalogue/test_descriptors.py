"""A descriptor is Python, so each of its fields is checked; a driver's folder without one is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from catalogue.conftest import Refusal
from support.catalogue_drivers import DESCRIPTOR, WORKER, write_driver
from topolab.catalogue import load_catalogue
from topolab.catalogue.descriptors import FIELDS, check_descriptor
from topolab.drivers.descriptor import Descriptor
from topolab.drivers.registry import drivers

FILE = "drivers/spam/descriptor.py"
KINDS = "a frozenset of load kinds (closed, open, mixed, page, count, users)"
REFUSALS = "a dict of client protocols (http/1.1, h2, h1c, h2c, h3), each with the reason as a text"
SECONDS = "a number of seconds from 0 to 86400"
TEXTS = "a tuple of texts that are not empty, such as ('spam',)"
PATTERNS = "a tuple of patterns relative to the catalogue, such as ('loadtest/*.py',)"


def with_field(field: str, value: str) -> str:
    """The descriptor with that field set to a Python expression."""
    given = {"name": '"spam"', "kinds": 'frozenset({"closed"})'} | {field: value}
    arguments = ", ".join(f"{name}={expression}" for name, expression in given.items())
    return f"from topolab.drivers.descriptor import Descriptor\n\nDRIVER = Descriptor({arguments})\n"


def test_every_field_is_checked() -> None:
    assert {*FIELDS, "folder"} == {field.name for field in fields(Descriptor)}


@pytest.mark.parametrize("name", sorted(drivers()))
def test_the_drivers_of_the_package_have_no_wrong_field(name: str) -> None:
    check_descriptor(name, drivers()[name])


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "3", "a text of lower-case letters, digits, and single hyphens between them, not 3"),
        ("name", "'My_Spam'", "a text of lower-case letters, digits, and single hyphens between them, not 'My_Spam'"),
        ("kinds", "'closed'", f"{KINDS}, not 'closed'"),
        ("kinds", "frozenset({'close'})", f"{KINDS}, not frozenset({{'close'}})"),
        ("kinds", "frozenset()", f"{KINDS}, not frozenset()"),
        ("refusals", "{'h4': 'no'}", f"{REFUSALS}, not {{'h4': 'no'}}"),
        ("refusals", "{'h3': ''}", f"{REFUSALS}, not {{'h3': ''}}"),
        ("refusals", "{'h3': 1}", f"{REFUSALS}, not {{'h3': 1}}"),
        ("h2_alone_refusal", "True", "a text, not True"),
        ("check", "'spam'", "a function, not 'spam'"),
        ("start_up_s", "'2'", f"{SECONDS}, not '2'"),
        ("start_up_s", "-1", f"{SECONDS}, not -1"),
        ("start_up_s", "float('nan')", f"{SECONDS}, not nan"),
        ("start_up_s", "True", f"{SECONDS}, not True"),
        ("longest_s", "30.0", "a function, not 30.0"),
        ("visits", "1", "True or False, not 1"),
        ("reading", "None", "a text, not None"),
        ("image", "''", "a text that is not empty, not ''"),
        ("packages", "'pycurl'", f"{TEXTS}, not 'pycurl'"),
        ("packages", "('pycurl', 1)", f"{TEXTS}, not ('pycurl', 1)"),
        ("files", "'loadtest/*.py'", f"{PATTERNS}, not 'loadtest/*.py'"),
        ("files", "('/etc/*',)", f"{PATTERNS}, not ('/etc/*',)"),
        ("missing", "''", "a function, not ''"),
        ("image_version", "'plain --version'", f"{TEXTS}, not 'plain --version'"),
        ("local_version", "('spam', '-V')", "a function or None, not ('spam', '-V')"),
    ],
)
def test_a_field_of_another_type_is_refused(
    root: Path, refusal: Refusal, field: str, value: str, expected: str
) -> None:
    write_driver(root, with_field(field, value))
    assert refusal() == f"{FILE}: {field}: must be {expected}"


@pytest.mark.parametrize(
    ("field", "value"),
    [("start_up_s", "2"), ("refusals", "{'h3': 'no QUIC'}"), ("packages", "()"), ("local_version", "tuple")],
)
def test_a_field_of_its_type_is_accepted(root: Path, field: str, value: str) -> None:
    write_driver(root, with_field(field, value))
    assert "spam" in load_catalogue(root).drivers


def test_a_drivers_folder_without_a_descriptor_is_refused(root: Path, refusal: Refusal) -> None:
    folder = write_driver(root)
    (folder / "descriptor.py").rename(folder / "descripter.py")
    assert refusal() == (
        "drivers/spam: has no descriptor.py, only __main__.py, descripter.py; "
        "a driver is described in its descriptor.py"
    )


@pytest.mark.parametrize(
    "add",
    [
        lambda folder: (folder / ".spam.py").write_text(WORKER),
        lambda folder: (folder / "notes.txt").write_text(DESCRIPTOR),
        lambda folder: (folder.rename(folder.with_name(".spam")) / "__main__.py").write_text(WORKER),
        lambda folder: (folder.rename(folder.with_name("__pycache__")) / "spam.py").write_text(WORKER),
    ],
    ids=["hidden-file", "no-python", "hidden-folder", "cache"],
)
def test_a_folder_that_is_no_driver_is_ignored(root: Path, add: Callable[[Path], object]) -> None:
    folder = root / "drivers" / "spam"
    folder.mkdir(parents=True)
    add(folder)
    assert set(load_catalogue(root).drivers) == set(drivers())
