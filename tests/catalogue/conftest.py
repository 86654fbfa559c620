"""A copy of the repository's TOML files and nginx templates for tests to break."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from topolab.catalogue import load_catalogue
from topolab.errors import InputError

REPOSITORY = Path(__file__).parents[2]

Refusal = Callable[[], str]
Edit = Callable[[str, str, str], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "catalogue"
    for folder in ("servers", "apps", "nginx", "loadtest"):
        for source in (REPOSITORY / folder).rglob("*"):
            if source.suffix in (".toml", ".conf"):
                target = root / source.relative_to(REPOSITORY)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    return root


@pytest.fixture
def edit(root: Path) -> Edit:
    """Replace the first occurrence of a text in a file."""

    def replace(file: str, old: str, new: str) -> None:
        text = (root / file).read_text(encoding="utf-8")
        if old not in text:  # not an AssertionError, which a test of a known bug would mistake for the bug
            raise LookupError(f"{file} no longer says {old!r}; this test has to be brought up to date")
        (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


@pytest.fixture
def refusal(root: Path) -> Refusal:
    """The line that refuses the catalogue, which must not expose internals."""

    def load() -> str:
        with pytest.raises(InputError) as raised:
            load_catalogue(root)
        message = str(raised.value)
        assert message.splitlines() == [message]
        assert "Traceback" not in message
        assert "pydantic" not in message.lower()
        return message

    return load
