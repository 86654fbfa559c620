"""The files that docs/extending.md shows."""

from __future__ import annotations

import re
from pathlib import Path

from support.command import ROOT


def section(title: str) -> str:
    """The text of one section."""
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def files_of(title: str) -> dict[str, str]:
    """The files that a section shows, by their names: the first line of each is a comment with its name."""
    return dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL))


def add_files(root: Path, files: dict[str, str]) -> None:
    """Write these files below `root`."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
