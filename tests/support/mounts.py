"""Commands run where a folder is read-only or tiny: in a mount namespace, which takes root or user namespaces."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

_UNSHARE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]


def with_read_only(folder: Path, command: list[str]) -> list[str]:
    """The command, which sees `folder` read-only; also for root, to whom modes mean nothing."""
    place = shlex.quote(str(folder))
    return _after(f"mount --bind {place} {place} && mount -o remount,bind,ro {place}", command)


def with_tiny(folder: Path, kibibytes: int, command: list[str]) -> list[str]:
    """The command, for which `folder` is an empty disk of that size. What it leaves there is copied to `folder`."""
    place = shlex.quote(str(folder))
    kept = shlex.quote(str(folder.with_name(f"{folder.name}-kept")))
    argv = _after(f"mount -t tmpfs -o size={kibibytes}k tmpfs {place}", command)
    argv[-1] += f"; code=$?; cp -r {place} {kept}; exit $code"
    return argv


def _after(mounting: str, command: list[str]) -> list[str]:
    if subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces cannot be made here; run as root, or allow user namespaces")
    return [*_UNSHARE, "sh", "-c", f"{mounting} && {shlex.join(command)}"]
