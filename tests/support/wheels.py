"""Wheels, built as an index would build them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path


def build_wheel(checkout: Path, folder: Path, kind: str = "standard") -> Path:
    """Build a checkout's wheel into `folder`; `kind` is hatchling's version of it, such as `editable`."""
    argv = [sys.executable, "-m", "hatchling", "build", "-t", f"wheel:{kind}", "-d", str(folder)]
    subprocess.run(argv, cwd=checkout, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def unpacked(wheel: Path, folder: Path) -> Path:
    """A folder as site-packages would be after installing the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder
